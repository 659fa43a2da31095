-- Tasks whole, as people see them, but for their places in the queue. Those whose time is over are
-- not there any more. Of large ones only that they are.
-- $1 task ids, $2 bytes from which on a program and its options are large, or null if all is wanted
select t.id, shown_status(t.status, t.cancel_requested_at) as status, t.shots, t.seed, t.priority,
    t.ttl_s, t.created_at, t.started_at, t.ended_at, t.expires_at, t.attempt, t.error_code,
    t.error_message, t.error_line, t.error_column, t.simulate_ms, t.engine, t.used_seed, t.changed,
    large.large, case when not large.large then p.qc end as qc,
    case when not large.large then p.options end as options, p.stats, p.name, p.tags::text as tags, c.url as callback_url,
    r.version, r.qiskit, r.aer
from tasks t
join programs p on p.task_id = t.id
cross join lateral (
    select coalesce(pg_column_size(p.qc) + coalesce(pg_column_size(p.options), 0) > $2::integer,
        false) as large
) large
left join releases r on r.id = t.release
left join callbacks c on t.callback and c.task_id = t.id
where t.id = any($1::uuid[]) and (t.expires_at is null or t.expires_at > now())
