-- Strikes off the instances whose lease has run out, and counts them in this minute.
-- $1 lease in seconds
with dead as (
    delete from instances where heartbeat_at < now() - $1::float8 * interval '1 second'
    returning id, host, pid
), counted as (
    insert into minutes as m (minute, lost)
    select date_trunc('minute', now()), count(*) from dead having count(*) > 0
    on conflict (minute) do update set lost = m.lost + excluded.lost
)
select id, host, pid from dead
