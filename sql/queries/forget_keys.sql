-- Forgets old idempotency keys.
-- $1 seconds since they were used, $2 how many at most
with forgotten as (
    delete from idempotency_keys where key in (
        select key from idempotency_keys
        where created_at < now() - $1::float8 * interval '1 second'
        order by created_at limit $2 for update skip locked
    )
    returning key
)
select count(*) from forgotten
