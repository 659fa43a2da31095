-- Stores a result if, and only if, this attempt still owns its task. Asked again because the
-- answer was lost, it says again that the result is stored: an attempt has one owner.
-- $1 task id, $2 attempt, $3 instance, $4 counts
with task as (
    update tasks set status = 'completed', instance = null, ended_at = now()
    where id = $1 and attempt = $2 and instance = $3 and status = 'running'
    returning id, attempt
), result as (
    insert into results (task_id, attempt, counts) select id, attempt, $4 from task
    returning task_id
)
select task_id from result
union all
select id from tasks where id = $1 and attempt = $2 and status = 'completed'
