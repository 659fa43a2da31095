-- Ends a task that was stopped because it was cancelled if, and only if, this attempt still owns
-- it. Asked again because the answer was lost, it says again that the task has ended so.
-- $1 task id, $2 attempt, $3 instance
with task as (
    update tasks set status = 'cancelled', instance = null, ended_at = now()
    where id = $1 and attempt = $2 and instance = $3 and status = 'running'
      and cancel_requested_at is not null
    returning id
)
select id from task
union all
select id from tasks where id = $1 and attempt = $2 and status = 'cancelled'
