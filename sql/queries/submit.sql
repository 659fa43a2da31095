-- Tasks, their programs and a hint appear together or not at all; in the order given, and no more
-- than the queue has room for.
-- $1 task ids, $2 queue, $3 shots, $4 seeds, $5 programs, $6 compiled programs, $7 their format,
-- $8 which are large, $9 which can use several cores, $10 milliseconds of work,
-- $11 the most tasks that may be queued, or null if they need not be counted
with given as (
    select * from unnest(
        $1::uuid[], $3::integer[], $4::bigint[], $5::text[], $6::bytea[], $8::bool[], $9::bool[],
        $10::real[]
    ) with ordinality as g (id, shots, seed, qc, compiled, large, parallel, work_ms, number)
), room as (
    select case when $11::integer is not null then $11 - (
        select count(*) from (
            select from tasks where queue = $2 and status = 'queued' limit $11
        ) q) end as left_over
), task as (
    insert into tasks (id, queue, shots, seed, large, parallel, work_ms)
    select id, $2, shots, seed, large, parallel, work_ms
    from given, room
    where left_over is null or number <= left_over
    order by number
    returning id
), program as (
    insert into programs (task_id, qc, compiled, compiled_format)
    select id, qc, compiled, case when compiled is not null then $7::smallint end
    from given join task using (id)
), hint as materialized (
    select hint_workers($2) where exists (select from task)
)
select id, (select count(*) from hint) from task
