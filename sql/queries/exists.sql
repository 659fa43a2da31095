-- Which of these tasks were stored; for whoever lost the answer to that.
-- $1 task ids
select id from tasks where id = any($1::uuid[])
