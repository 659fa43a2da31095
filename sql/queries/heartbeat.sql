-- Says that an instance lives; the first one registers it. Returns whether it is the first after
-- a gap.
-- $1 instance, $2 host, $3 pid, $4 version, $5 outcomes of its that were refused,
-- $6 seconds without a heartbeat that count as a gap
insert into instances (id, host, pid, version, refused) values ($1, $2, $3, $4, $5)
on conflict (id) do update
set heartbeat_at = now(),
    refused = excluded.refused,
    steady_since = case
        when instances.heartbeat_at < now() - $6::float8 * interval '1 second' then now()
        else instances.steady_since end
returning steady_since = now()
