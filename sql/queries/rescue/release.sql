-- Gives back, uncharged, what an instance that is stopping had begun. What was being cancelled is
-- cancelled.
-- $1 instance
with mine as (
    -- in the order in which cancel.sql locks them
    select id from tasks where instance = $1 and status = 'running' order by id for update
), task as (
    update tasks t
    set instance = null,
        status = case when cancel_requested_at is null then 'queued' else 'cancelled'
            end::task_status,
        ended_at = case when cancel_requested_at is not null then now() end
    from mine
    where t.id = mine.id and t.instance = $1 and t.status = 'running'
    returning t.id, t.queue, t.status
), hint as materialized (
    select hint_workers(queue) from (select distinct queue from task where status = 'queued') q
)
select task.id, (select count(*) from hint) from task
