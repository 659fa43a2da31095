-- Why a database with our schema is not empty, if it is not: whether an instance runs on it, and whether
-- there is or was any task.
-- $1 seconds without a heartbeat after which an instance is dead
select
    exists (select from instances where heartbeat_at > now() - $1::float8 * interval '1 second')
        as runs,
    exists (select from tasks) or exists (select from expired_tasks)
        or exists (select from idempotency_keys) as has_tasks
