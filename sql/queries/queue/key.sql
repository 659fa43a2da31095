-- What was submitted with idempotency keys.
-- $1 keys
select key, fingerprint, task_ids, answer from idempotency_keys where key = any($1::text[])
