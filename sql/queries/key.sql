-- What was submitted with an idempotency key.
-- $1 key
select fingerprint, task_ids, answer from idempotency_keys where key = $1
