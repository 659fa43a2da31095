-- Strikes off the instances whose lease has run out.
-- $1 lease in seconds
delete from instances where heartbeat_at < now() - $1::float8 * interval '1 second'
returning id, host, pid
