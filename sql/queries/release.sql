-- Gives back, uncharged, what an instance that is stopping had begun.
-- $1 instance
with task as (
    update tasks set status = 'queued', instance = null
    where instance = $1 and status = 'running'
    returning id, queue
), hint as materialized (
    select hint_workers(queue) from (select distinct queue from task) q
)
select task.id, (select count(*) from hint) from task
