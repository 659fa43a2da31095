-- Says that an instance lives; the first one registers it. Returns whether it is the first after
-- a gap.
-- $1 instance, $2 host, $3 pid, $4 version, $5 outcomes of its that were refused,
-- $6 seconds without a heartbeat that count as a gap, $7 Qiskit's version, $8 Aer's,
-- $9 simulators that are up, $10 tasks of its that ended within the last minute, $11 the queue whose
-- tasks it runs, $12 and $13 what it can run: MiB and engines, $14 simulators that are at work
insert into instances (id, host, pid, version, refused, release, simulators, ended_last_minute,
    queue, memory_mb, engines, busy)
values ($1, $2, $3, $4, $5, release_of($4, $7, $8), $9, $10, $11, $12, $13, $14)
on conflict (id) do update
set heartbeat_at = now(),
    refused = excluded.refused,
    simulators = excluded.simulators,
    busy = excluded.busy,
    ended_last_minute = excluded.ended_last_minute,
    steady_since = case
        when instances.heartbeat_at < now() - $6::float8 * interval '1 second' then now()
        else instances.steady_since end
returning steady_since = now()
