-- Says that an instance lives; the first one registers it.
-- $1 instance, $2 host, $3 pid, $4 version, $5 seconds without a heartbeat that count as a gap
insert into instances (id, host, pid, version) values ($1, $2, $3, $4)
on conflict (id) do update
set heartbeat_at = now(),
    steady_since = case
        when instances.heartbeat_at < now() - $5::float8 * interval '1 second' then now()
        else instances.steady_since end
