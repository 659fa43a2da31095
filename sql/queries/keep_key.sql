-- Takes an idempotency key for several tasks; nothing if it is taken.
-- $1 key, $2 fingerprint of what was asked, $3 task ids, $4 the answer
insert into idempotency_keys (key, fingerprint, task_ids, answer) values ($1, $2, $3, $4)
on conflict (key) do nothing
returning key
