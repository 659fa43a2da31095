-- Stores each result if, and only if, its attempt still owns its task, and nobody has cancelled it.
-- Asked again because the answer was lost, it says again that the result is stored: an attempt has
-- one owner.
-- $1 task ids, $2 attempts, $3 instances, $4 counts, $5 details, $6 milliseconds of simulation,
-- $7 engines, $8 seeds
with given as (
    select *, octet_length(counts) + coalesce(octet_length(details), 0) as bytes
    from unnest($1::uuid[], $2::integer[], $3::uuid[], $4::text[], $5::text[], $6::real[],
        $7::text[], $8::bigint[])
        as g (id, attempt, instance, counts, details, simulate_ms, engine, seed)
), locked as materialized (
    -- in the order in which cancel.sql locks them
    select id from tasks where id = any($1::uuid[]) order by id for update
), task as (
    update tasks t
    set status = 'completed', instance = null, ended_at = now(), simulate_ms = g.simulate_ms,
        engine = g.engine, used_seed = g.seed, bytes = t.bytes + g.bytes
    from given g join locked using (id)
    where t.id = g.id and t.attempt = g.attempt and t.instance = g.instance
      and t.status = 'running' and t.cancel_requested_at is null
    returning t.id, t.attempt, g.instance, g.counts, g.details, g.bytes
), stored as (
    insert into stored_bytes select sum(bytes) from task having count(*) > 0
), result as (
    insert into results (task_id, attempt, counts, details)
    select id, attempt, counts::json, details::json from task
    returning task_id
)
select id, attempt, instance from task
union all
-- (With `offset 0` each is looked up by its id. Where there are no statistics yet, Postgres would go
-- through all tasks that are completed instead.)
select g.id, g.attempt, g.instance
from given g, lateral (select attempt, status from tasks where id = g.id offset 0) t
where t.attempt = g.attempt and t.status = 'completed'
