-- Queues again what this instance owns without knowing it: the answer to its claim was lost. What
-- was being cancelled is cancelled.
-- $1 instance, $2 ids of the tasks it does know, $3 seconds that a claim may take
with mine as (
    -- in the order in which cancel.sql locks them
    select id from tasks
    where instance = $1 and status = 'running' and id <> all($2::uuid[])
      and started_at < now() - $3::float8 * interval '1 second'
    order by id for update
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
