-- Charges a task that this attempt still owns with a crash or a loss: it runs again later or, after
-- too many, fails for good. One that was being cancelled is cancelled.
-- $1 task id, $2 attempt, $3 instance, $4 whether it is a crash, $5 charges of that kind allowed,
-- $6 delay in seconds, $7 error code, $8 error message
with charged as (
    select id, $4::bool::integer as crash,
        case when cancel_requested_at is not null then 'cancelled'
            when (case when $4 then crashes else losses end) < $5 then 'queued'
            else 'failed' end::task_status as next
    from tasks
    where id = $1 and attempt = $2 and instance = $3 and status = 'running'
    for update
), task as (
    update tasks t
    set crashes = crashes + crash,
        losses = losses + 1 - crash,
        instance = null,
        status = next,
        run_after = now() + $6::float8 * interval '1 second',
        ended_at = case when next <> 'queued' then now() end,
        error_code = case when next = 'failed' then $7 end,
        error_message = case when next = 'failed' then $8 end
    from charged c where t.id = c.id
    returning queue, status, run_after
)
select status, case when status = 'queued' then hint_workers(queue, run_after)::text end from task
