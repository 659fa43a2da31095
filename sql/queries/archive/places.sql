-- The places of tasks in their queues, all from one snapshot: the number of those that start before
-- each, plus one; when it is thought to start; and its last change. Nothing of those that are not
-- queued any more.
-- Of several in one queue each is counted from the one before it: the queue is gone through once.
-- $1 task ids
with queued as materialized (
    select id, changed, queue, large, priority, position, run_after,
        lag(position, 1, 0::bigint) over alike as previous
    from tasks where id = any($1::uuid[]) and status = 'queued'
    window alike as (partition by queue, large, priority order by position)
), above as (
    select alike.*, ahead.number, ahead.work_ms
    from (select distinct queue, large, priority from queued) alike, lateral (
        select count(*) as number, coalesce(sum(o.estimated_ms), 0) as work_ms from tasks o
        where o.status = 'queued' and o.queue = alike.queue and o.large = alike.large
          and o.priority > alike.priority
    ) ahead
), capacity as (
    -- large tasks leave one simulator of each instance to the others; one that has just started
    -- has not said yet how many it has
    select large, (
            select greatest(count(*), sum(simulators - large::integer)) from instances
        ) as simulators, (
            select coalesce(sum(greatest(0, o.estimated_ms
                - extract(epoch from now() - o.started_at)::float8 * 1000)), 0)
            from tasks o where o.status = 'running' and o.large = kind.large
        ) as begun_ms
    from (select distinct large from queued) kind
)
select q.id, q.changed,
    (1 + above.number + sum(ahead.number) over alike)::bigint as position,
    case when capacity.simulators > 0 then greatest(q.run_after, now() + (
        above.work_ms + sum(ahead.work_ms) over alike + capacity.begun_ms
    ) / capacity.simulators * interval '1 millisecond') end as starts_at
from queued q
join capacity using (large)
join above using (queue, large, priority), lateral (
    select count(*) as number, coalesce(sum(o.estimated_ms), 0) as work_ms from tasks o
    where o.status = 'queued' and o.queue = q.queue and o.large = q.large
      and o.priority = q.priority and o.position >= q.previous and o.position < q.position
) ahead
window alike as (partition by queue, large, priority order by q.position)
