-- Cancels tasks: ends those that are queued, and asks for those that are running to be stopped,
-- which whoever runs them sees (cancellations.sql). Those that have ended stay as they are.
-- $1 task ids
with found as (
    select id, status as was from tasks
    where id = any($1::uuid[]) and (expires_at is null or expires_at > now())
    order by id for update
), task as (
    update tasks t
    set status = case when status = 'queued' then 'cancelled' else status end::task_status,
        ended_at = case when status = 'queued' then now() end,
        cancel_requested_at = coalesce(cancel_requested_at, now())
    from found f
    where t.id = f.id and t.status in ('queued', 'running')
    returning t.id, shown_status(t.status, t.cancel_requested_at) as status
)
select id, status from task
union all
-- As it was found once it was locked: it may have ended since the statement began.
select id, was::text from found where was in ('completed', 'failed', 'cancelled')
