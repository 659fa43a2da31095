-- Ends a task that has not ended by itself. What an attempt of it may still bring is refused.
-- $1 task id
update tasks set status = 'cancelled', instance = null, ended_at = now()
where id = $1 and status in ('queued', 'running')
returning id
