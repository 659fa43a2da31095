-- Ends a task with an error if, and only if, this attempt still owns it.
-- $1 task id, $2 attempt, $3 instance, $4 error code, $5 error message
update tasks
set status = 'failed', instance = null, ended_at = now(), error_code = $4, error_message = $5
where id = $1 and attempt = $2 and instance = $3 and status = 'running'
returning id
