-- Ends a task with an error if, and only if, this attempt still owns it. Asked again because the
-- answer was lost, it says again that the task has ended so.
-- $1 task id, $2 attempt, $3 instance, $4 error code, $5 error message
with task as (
    update tasks
    set status = 'failed', instance = null, ended_at = now(), error_code = $4, error_message = $5
    where id = $1 and attempt = $2 and instance = $3 and status = 'running'
    returning id
)
select id from task
union all
select id from tasks where id = $1 and attempt = $2 and status = 'failed' and error_code = $4
