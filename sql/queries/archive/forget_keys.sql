-- Forgets old idempotency keys.
-- $1 seconds since they were used, $2 how many at most
with forgotten as (
    delete from idempotency_keys where key in (
        select key from idempotency_keys
        where created_at < now() - $1::float8 * interval '1 second'
        order by created_at limit $2 for update skip locked
    )
    returning octet_length(answer) as bytes
), freed as (
    insert into stored_bytes select -sum(bytes) from forgotten having sum(bytes) > 0
)
select count(*) from forgotten
