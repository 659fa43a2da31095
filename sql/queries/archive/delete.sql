-- Deletes a task that has ended, and remembers its id for a while, as those of expired tasks.
-- Returns the status that it had; one that has not ended is not deleted.
-- $1 task id
with found as (
    select id, status, cancel_requested_at from tasks
    where id = $1 and (expires_at is null or expires_at > now())
    for update
), deleted as (
    -- as it was found once it was locked: it may have ended since the statement began
    delete from tasks t using found f
    where t.id = f.id and f.status in ('completed', 'failed', 'cancelled')
    returning t.id
), remembered as (
    insert into expired_tasks (id, expired_at) select id, now() from deleted
    on conflict do nothing
)
select shown_status(status, cancel_requested_at) from found
