-- Ends a task with an error if, and only if, this attempt still owns it, and nobody has cancelled
-- it. Asked again because the answer was lost, it says again that the task has ended so.
-- $1 task id, $2 attempt, $3 instance, $4 error code, $5 error message, $6 line, $7 column,
-- $8 milliseconds of simulation
with task as (
    update tasks
    set status = 'failed', instance = null, ended_at = now(), error_code = $4, error_message = $5,
        error_line = $6, error_column = $7, simulate_ms = $8
    where id = $1 and attempt = $2 and instance = $3 and status = 'running'
      and cancel_requested_at is null
    returning id
)
select id from task
union all
select id from tasks where id = $1 and attempt = $2 and status = 'failed' and error_code = $4
