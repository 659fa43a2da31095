-- Queues again what no living instance holds; a task lost too often fails instead, and one that was
-- being cancelled is cancelled.
-- $1 losses allowed, $2 error code, $3 error message
with lost as (
    select id,
        case when cancel_requested_at is not null then 'cancelled'
            when losses < $1 then 'queued' else 'failed' end::task_status as next
    from tasks
    where status = 'running' and instance not in (select id from instances)
    -- in the order in which cancel.sql locks them
    order by id for update
), task as (
    update tasks t
    set losses = losses + 1,
        instance = null,
        status = next,
        ended_at = case when next <> 'queued' then now() end,
        error_code = case when next = 'failed' then $2 end,
        error_message = case when next = 'failed' then $3 end
    from lost l where t.id = l.id and t.status = 'running'
    returning t.id, t.status
)
select id, status from task
