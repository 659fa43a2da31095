-- Which of these tasks have existed until their time was over.
-- $1 task ids
select id from expired_tasks where id = any($1::uuid[])
union
select id from tasks where id = any($1::uuid[]) and expires_at <= now()
