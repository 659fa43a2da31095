-- Part of a list of tasks in the order of their submission: those that match, among so many as an
-- index gives in that order, and where these end.
-- What stands in braces is put in by lists.py, from closed lists.
-- $1 and $2: submitted after this time and position, $3 and $4: before these; $5 statuses or null,
-- $6 name or null, $7 tags that all must be there or null, $8 a part of the name or the tags, as a
-- pattern, or null, $9 how many, $10 what {source} is looked up by, $11 how many to look through,
-- $12 codes of errors, one of which the task must have failed with, or null, $13 and $14: ended at this
-- time or later, and before this one, or null
with candidate as materialized (
    {source}
    order by created_at {direction}, position {direction}
    limit $11
), matched as (
    select c.position, t.id, shown_status(t.status, t.cancel_requested_at) as status, t.shots,
        t.seed, t.priority, t.ttl_s, t.created_at, t.started_at, t.ended_at, t.expires_at,
        t.attempt, t.error_code, t.error_message, t.error_line, t.error_column, t.simulate_ms,
        t.engine, t.used_seed,
        p.stats, p.name, p.tags::text as tags, b.url as callback_url,
        r.version, r.qiskit, r.aer
    from candidate c
    join tasks t on t.id = c.id
    join programs p on p.task_id = c.id
    left join releases r on r.id = t.release
    left join callbacks b on t.callback and b.task_id = t.id
    where (t.expires_at is null or t.expires_at > now())
      and ($5::text[] is null or shown_status(t.status, t.cancel_requested_at) = any($5))
      and ($12::text[] is null or t.error_code = any($12))
      and ($13::timestamptz is null or t.ended_at >= $13)
      and ($14::timestamptz is null or t.ended_at < $14)
      and {called}
      -- Always true: it tells Postgres the type of $10, which not every source has.
      and $10::text[] is not distinct from $10
    order by c.created_at {direction}, c.position {direction}
    limit $9
)
select (select count(*) from candidate) as seen, last.created_at as last_at,
    last.position as last_position, matched.*
from (
    select created_at, position from candidate
    order by created_at {reverse}, position {reverse} limit 1
) last
left join matched on true
order by matched.created_at {direction}, matched.position {direction}
