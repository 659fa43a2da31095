-- Says why a try failed, and when the next one is due or that there is none; unless a later one
-- has begun, or one has succeeded.
-- $1 task id, $2 tries, $3 error, $4 seconds until the next try, null for none,
-- $5 whether that one shall wait in the queue of its host
update callbacks
set error = $3,
    due_at = coalesce(now() + $4::float8 * interval '1 second', due_at),
    failed_at = case when $4::float8 is null then now() end,
    aside = $5
where task_id = $1 and tries = $2 and delivered_at is null and failed_at is null
