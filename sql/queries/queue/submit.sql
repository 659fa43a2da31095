-- Tasks, their programs and a hint appear together or not at all; in the order given, and no more
-- than the queue has room for. Of those that bring an idempotency key only the first appears, who-
-- ever else brings the same key at the same time, here or elsewhere.
-- $1 task ids, $2 queue, $3 shots, $4 seeds, $5 programs, $6 compiled programs, $7 their format,
-- $8 which are large, $9 which can use several cores, $10 milliseconds of work, $11 estimates of
-- it, $12 options, $13 stats, $14 the rest of each as JSON, or null: priority, ttl_s, name, tags,
-- callback_url; $15 idempotency keys, $16 fingerprints of what was asked with them,
-- $17 ttl_s where it is not given,
-- $18 the most tasks that may be queued, or null if they need not be counted,
-- $19 what instances have to have to run them, as JSON, or null
with given as (
    select g.*, 1500 + octet_length(qc) + coalesce(octet_length(compiled), 0)
        + coalesce(octet_length(options), 0) + coalesce(octet_length(stats), 0)
        + coalesce(octet_length(extras), 0) as bytes
    from unnest(
        $1::uuid[], $3::integer[], $4::bigint[], $5::text[], $6::bytea[], $8::bool[], $9::bool[],
        $10::real[], $11::real[], $12::text[], $13::text[], $14::text[], $15::text[], $16::bytea[],
        $19::text[]
    ) with ordinality as g (
        id, shots, seed, qc, compiled, large, parallel, work_ms, estimated_ms, options, stats,
        extras, key, fingerprint, needs, number)
), room as (
    select case when $18::integer is not null then $18 - (
        select count(*) from (
            select from tasks where queue = $2 and status = 'queued' limit $18
        ) q) end as left_over
), keyed as (
    insert into idempotency_keys (key, fingerprint, task_ids)
    select key, fingerprint, array[id] from given, room
    where key is not null and (left_over is null or number <= left_over)
    -- in one order, so that two who bring the same keys do not wait for each other
    order by key
    on conflict (key) do nothing
    returning key, task_ids[1] as id
), task as (
    insert into tasks (
        id, queue, shots, seed, large, parallel, work_ms, estimated_ms, bytes, needs, priority,
        ttl_s, callback)
    select id, $2, shots, seed, large, parallel, work_ms, estimated_ms, bytes, needs::jsonb,
        coalesce((extras::json ->> 'priority')::smallint, 0),
        coalesce((extras::json ->> 'ttl_s')::integer, $17),
        extras::json ->> 'callback_url' is not null
    from given, room
    where (left_over is null or number <= left_over)
      and (key is null or id in (select id from keyed))
    order by number
    returning id, position, created_at, bytes
), stored as (
    insert into stored_bytes select sum(bytes) from task having count(*) > 0
), program as (
    insert into programs (task_id, qc, compiled, compiled_format, created_at, position, options,
        stats, name, tags)
    select id, qc, compiled, case when compiled is not null then $7::smallint end, created_at,
        position, options::json, stats::json, extras::json ->> 'name',
        (extras::json -> 'tags')::jsonb
    from given join task using (id)
    returning task_id, created_at, position, tags
), tagged as (
    insert into task_tags (task_id, key, value, created_at, position)
    select task_id, tag.key, tag.value, created_at, position
    from program, jsonb_each_text(program.tags) tag
), called as (
    insert into callbacks (task_id, url)
    select id, extras::json ->> 'callback_url' from given join task using (id)
    where extras::json ->> 'callback_url' is not null
), hint as materialized (
    select hint_workers($2) where exists (select from task)
)
select id, created_at, (select count(*) from hint) from task
