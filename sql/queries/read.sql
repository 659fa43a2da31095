-- Tasks whole, as people see them, all from one snapshot: a task's place in its queue is the number
-- of those that start before it, plus one. Those whose time is over are not there any more.
-- Of several in one queue each is counted from the one before it: the queue is gone through once.
-- $1 task ids
with queued as materialized (
    select id, queue, large, priority, position, run_after,
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
), place as (
    select q.id, 1 + above.number + sum(ahead.number) over alike as position,
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
)
select t.id, shown_status(t.status, t.cancel_requested_at) as status, t.shots, t.seed, t.priority,
    t.ttl_s, t.created_at, t.started_at, t.ended_at, t.expires_at, t.attempt, t.error_code,
    t.error_message, t.error_line, t.error_column, t.simulate_ms, t.changed,
    p.qc, p.options, p.stats, p.name, p.tags::text as tags, c.url as callback_url,
    r.version, r.qiskit, r.aer, place.position::bigint as queue_position, place.starts_at
from tasks t
join programs p on p.task_id = t.id
left join releases r on r.id = t.release
left join callbacks c on t.callback and c.task_id = t.id
left join place on place.id = t.id
where t.id = any($1::uuid[]) and (t.expires_at is null or t.expires_at > now())
