-- Queues again what this instance owns without knowing it: the answer to its claim was lost.
-- $1 instance, $2 ids of the tasks it does know, $3 seconds that a claim may take
with task as (
    update tasks set status = 'queued', instance = null
    where instance = $1 and status = 'running' and id <> all($2::uuid[])
      and started_at < now() - $3::float8 * interval '1 second'
    returning id, queue
), hint as materialized (
    select hint_workers(queue) from (select distinct queue from task) q
)
select task.id, (select count(*) from hint) from task
