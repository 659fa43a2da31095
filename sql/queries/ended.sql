-- Which of these tasks have ended; for those who wait for them.
-- $1 task ids
select id from tasks where id = any($1::uuid[]) and status in ('completed', 'failed', 'cancelled')
