-- How the service does: tasks that have not ended, the instances that run them, and what is stored.
-- $1 lease in seconds
select
    (select count(*) from tasks where status = 'queued') as queued,
    (select count(*) from tasks where status = 'running' and cancel_requested_at is null)
        as running,
    (select count(*) from tasks where status = 'running' and cancel_requested_at is not null)
        as cancelling,
    (select extract(epoch from now() - min(created_at))::float8 from tasks
        where status = 'queued') as oldest_queued_s,
    count(*) as instances,
    coalesce(sum(simulators), 0)::integer as simulators,
    coalesce(sum(ended_last_minute), 0)::integer as ended_last_minute,
    coalesce(sum(refused), 0)::bigint as refused,
    (select greatest(0, coalesce(sum(bytes), 0))::bigint from stored_bytes) as stored_bytes
from instances
where heartbeat_at >= now() - $1::float8 * interval '1 second'
