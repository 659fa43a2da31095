-- Whether a task has existed until its time was over.
-- $1 task id
select exists (select from expired_tasks where id = $1)
    or exists (select from tasks where id = $1 and expires_at <= now())
