-- Adds the next events to the minutes in which they happened, each exactly once, and how long the
-- queue is to this minute; deletes minutes that are old. Returns how many events it added, null if
-- another instance is doing it, or has just done it.
-- Like the feed it reads events in the order of their transactions, up to the oldest that is still
-- open. So nothing is missed: not what was committed late, nor what happened while no instance did
-- this. A task that is deleted before this looks is not counted.
-- Where a database was moved by other means than qtasks restore, changes may begin with smaller
-- numbers again: then it goes on from those. What is older than the minutes that are kept is passed over.
-- $1 how many events at most, $2 seconds since this was done last, $3 minutes that are kept
with mark as (
    select case when change < below then change else below - 1 end as change,
        case when change < below then position else 9223372036854775807 end as position,
        case when change < below then number else 0 end as number,
        below
    from minutes_mark,
        (select sure_change() as below) sure
    where at <= now() - $2::float8 * interval '1 second'
    for update of minutes_mark skip locked
), event as materialized (
    select e.* from mark, lateral (
        select change, position, number, task_id, status, at from events
        where (change, position, number) > (mark.change, mark.position, mark.number)
          and change < mark.below
        order by change, position, number
        limit $1::integer
    ) e
), kept as (
    select date_trunc('minute', at) as minute, number, task_id, status
    from event where at > now() - $3::integer * interval '1 minute'
), ended as materialized (
    select k.minute, k.status, t.error_code,
        span_class(t.created_at, t.started_at) as waited,
        span_class(t.started_at, t.ended_at) as ran
    from kept k join tasks t on t.id = k.task_id
    where k.status in ('completed', 'failed')
), counted as (
    select minute,
        count(*) filter (where status = 'queued' and number = 1) as submitted,
        count(*) filter (where status = 'completed') as completed,
        count(*) filter (where status = 'failed') as failed,
        count(*) filter (where status = 'cancelled') as cancelled
    from kept group by minute
), failure as (
    select minute, jsonb_object_agg(error_code, n) as failures
    from (
        select minute, error_code, count(*) as n from ended
        where status = 'failed' group by minute, error_code
    ) f group by minute
), wait as (
    select minute, jsonb_object_agg(waited, n) as waits
    from (
        select minute, waited, count(*) as n from ended
        where waited is not null group by minute, waited
    ) w group by minute
), run as (
    select minute, jsonb_object_agg(ran, n) as runs
    from (
        select minute, ran, count(*) as n from ended
        where ran is not null group by minute, ran
    ) r group by minute
), queue as (
    select date_trunc('minute', now()) as minute,
        (select count(*) from tasks where status = 'queued') as queued,
        (select count(*) from tasks where status = 'running') as running,
        (select extract(epoch from now() - min(created_at)) from tasks where status = 'queued')
            as oldest_queued_s
    from mark
), happened as (
    select minute from counted union select minute from queue
), added as (
    insert into minutes as m (minute, submitted, completed, failed, cancelled, failures, waits,
        runs, queued, running, oldest_queued_s)
    select h.minute, coalesce(c.submitted, 0), coalesce(c.completed, 0), coalesce(c.failed, 0),
        coalesce(c.cancelled, 0), coalesce(f.failures, '{}'), coalesce(w.waits, '{}'),
        coalesce(r.runs, '{}'), q.queued, q.running, q.oldest_queued_s
    from happened h
    left join counted c on c.minute = h.minute
    left join failure f on f.minute = h.minute
    left join wait w on w.minute = h.minute
    left join run r on r.minute = h.minute
    left join queue q on q.minute = h.minute
    on conflict (minute) do update
    set submitted = m.submitted + excluded.submitted,
        completed = m.completed + excluded.completed,
        failed = m.failed + excluded.failed,
        cancelled = m.cancelled + excluded.cancelled,
        failures = counts_added(m.failures, excluded.failures),
        waits = counts_added(m.waits, excluded.waits),
        runs = counts_added(m.runs, excluded.runs),
        queued = greatest(m.queued, excluded.queued),
        running = greatest(m.running, excluded.running),
        oldest_queued_s = greatest(m.oldest_queued_s, excluded.oldest_queued_s)
), forgotten as (
    delete from minutes where minute < now() - $3::integer * interval '1 minute'
      and exists (select from mark)
), last as (
    select change, position, number from event order by 1 desc, 2 desc, 3 desc limit 1
), moved as (
    update minutes_mark m
    -- Where not all was read, the next look begins at the last that was; else at what was sure.
    set change = coalesce(last.change, mark.below - 1),
        position = coalesce(last.position, 9223372036854775807),
        number = coalesce(last.number, 0),
        at = now()
    from mark left join last on (select count(*) from event) = $1::integer
)
select (select count(*) from event) from mark
