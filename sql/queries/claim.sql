-- Gives queued tasks to one instance, first come first served; no two claims get the same one.
-- A task that was lost with several instances may be what kills them: it runs alone in its
-- instance, so that no other is lost with it. Until that instance has nothing else to do, it takes
-- none of those behind. An instance whose lease has run out takes nothing: it would be lost.
-- $1 instance, $2 queue, $3 how many at most, $4 losses from which on a task runs alone,
-- $5 lease in seconds
with mine as (
    select count(*) = 0 as idle, coalesce(max(losses) >= $4, false) as alone
    from tasks where instance = $1 and status = 'running'
), next as (
    select id, priority, position, losses from tasks
    where queue = $2 and status = 'queued' and run_after <= now() and exists (
        select from instances
        where id = $1 and heartbeat_at >= now() - $5::float8 * interval '1 second')
    order by priority desc, position
    limit $3
    for update skip locked
), suspected as (
    select id, row_number() over upto as number, bool_or(losses >= $4) over upto as waits
    from next window upto as (order by priority desc, position)
), task as (
    update tasks t
    set status = 'running', attempt = t.attempt + 1, instance = $1, started_at = now()
    from mine, suspected s join programs p on p.task_id = s.id
    where t.id = s.id and not mine.alone and (not s.waits or s.number = 1 and mine.idle)
    returning t.id, t.position, t.attempt, t.shots, t.seed, p.qc
)
select task.*, coalesce((select bool_or(waits) from suspected), false) or mine.alone as held_back
from mine left join task on true
