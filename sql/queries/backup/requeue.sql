-- Queues again, uncharged, what was running when the backup was made: its instance does not know this
-- database. What was being cancelled is cancelled.
update tasks
set instance = null,
    status = case when cancel_requested_at is null then 'queued' else 'cancelled' end::task_status,
    ended_at = case when cancel_requested_at is not null then now() end
where status = 'running'
