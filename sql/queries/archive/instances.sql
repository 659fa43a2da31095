-- The instances that run tasks, those included that have been silent for a while: the sweep has not
-- struck them off yet. Which host they run on is no business of strangers.
-- $1 how many at most
select id, version, started_at,
    extract(epoch from now() - heartbeat_at)::float8 as silent_s, simulators, busy,
    ended_last_minute
from instances
order by started_at, id
limit $1
