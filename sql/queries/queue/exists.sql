-- Which of these tasks were stored, and when; for whoever lost the answer to that.
-- $1 task ids
select id, created_at from tasks where id = any($1::uuid[])
