-- What the living instances can run that work on a queue; those that can most come first. (Of an
-- older program it is not known.)
-- $1 queue, $2 lease in seconds
select memory_mb, engines
from instances
where queue = $1 and memory_mb is not null
  and heartbeat_at >= now() - $2::float8 * interval '1 second'
group by memory_mb, engines
order by memory_mb desc, cardinality(engines) desc
