-- One instance sweeps at a time, and only one whose own heartbeat has been steady for a lease:
-- after an outage of the database every heartbeat is old, and nobody is dead.
-- $1 instance, $2 lease in seconds
select pg_try_advisory_xact_lock(hashtext('quantum_tasks.sweep')) and exists (
    select from instances
    where id = $1
      and steady_since <= now() - $2::float8 * interval '1 second'
      and heartbeat_at >= now() - $2::float8 * interval '1 second')
