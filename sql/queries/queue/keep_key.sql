-- Takes an idempotency key for several tasks; nothing if it is taken.
-- $1 key, $2 fingerprint of what was asked, $3 task ids, $4 the answer
with kept as (
    insert into idempotency_keys (key, fingerprint, task_ids, answer) values ($1, $2, $3, $4)
    on conflict (key) do nothing
    returning key, octet_length(answer) as bytes
), stored as (
    insert into stored_bytes select bytes from kept where bytes > 0
)
select key from kept
