-- Gives queued tasks to one instance: higher priorities first, and of the same priority first come
-- first served. No two claims get the same task.
-- Of tasks that are known to be very short it may take more than it has free processes.
-- Large tasks have a queue of their own, so that the others do not wait for them; those that are
-- taken count among the $3. Some of them not every instance can run: those stay for who can.
-- A task that was lost with several instances may be what kills them: it runs alone in its
-- instance, so that no other is lost with it. While the instance is busy, it takes neither that
-- task nor any task behind it. An instance whose lease has run out takes nothing: it would be lost.
-- $1 instance, $2 queue, $3 how many, $4 losses from which on a task runs alone,
-- $5 lease in seconds, $6 how many large ones, $7 how many at most, $8 milliseconds that the tasks
-- beyond the first $3 may need together, $9 format of compiled programs that the instance can read
with mine as (
    select count(*) = 0 as idle, coalesce(max(losses) >= $4, false) as alone
    from tasks where instance = $1 and status = 'running'
), lease as (
    select release, memory_mb, engines from instances
    where id = $1 and heartbeat_at >= now() - $5::float8 * interval '1 second'
), ordinary as (
    select id, priority, position, losses, work_ms from tasks
    where queue = $2 and not large and status = 'queued' and run_after <= now()
      and exists (select from lease)
    order by priority desc, position
    limit $7
    for update skip locked
), huge as (
    select id, priority, position, losses from tasks
    where queue = $2 and large and status = 'queued' and run_after <= now()
      and exists (select from lease)
      and (needs is null or exists (
          select from lease, jsonb_each_text(needs) need
          where need.key = any (engines) and need.value::integer <= memory_mb))
    order by priority desc, position
    limit $6
    for update skip locked
), next as (
    select id, priority, position, losses, row_number() over upto as place,
        sum(coalesce(work_ms, 'infinity')) over upto as work_ms
    from ordinary window upto as (order by priority desc, position)
    union all
    select id, priority, position, losses, 0, 0 from huge
), suspected as (
    select id, row_number() over upto as number, bool_or(losses >= $4) over upto as waits
    from next
    where place <= $3 - (select count(*) from huge) or work_ms <= $8::float8
    window upto as (order by priority desc, position)
), task as (
    update tasks t
    set status = 'running', attempt = t.attempt + 1, instance = $1, started_at = now(),
        release = (select release from lease)
    from mine, suspected s join programs p on p.task_id = s.id
    where t.id = s.id and not mine.alone and (not s.waits or s.number = 1 and mine.idle)
    returning t.id, t.position, t.attempt, t.shots, t.seed, t.large, t.parallel, t.work_ms,
        case when p.compiled_format = $9 then p.compiled else '' end as compiled,
        case when p.compiled_format = $9 then '' else p.qc end as qc, p.options
)
select task.*, coalesce((select bool_or(waits) from suspected), false) or mine.alone as held_back
from mine left join task on true
