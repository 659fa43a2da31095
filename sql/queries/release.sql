-- Gives back, uncharged, what an instance that is stopping had begun. What was being cancelled is
-- cancelled.
-- $1 instance
with task as (
    update tasks
    set instance = null,
        status = case when cancel_requested_at is null then 'queued' else 'cancelled'
            end::task_status,
        ended_at = case when cancel_requested_at is not null then now() end
    where instance = $1 and status = 'running'
    returning id, queue, status
), hint as materialized (
    select hint_workers(queue) from (select distinct queue from task where status = 'queued') q
)
select task.id, (select count(*) from hint) from task
