-- Whether a task was stored; for whoever lost the answer to that.
-- $1 task id
select exists (select from tasks where id = $1)
