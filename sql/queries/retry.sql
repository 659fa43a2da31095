-- Charges a crash to a task that this attempt still owns: it runs again later, or fails for good.
-- $1 task id, $2 attempt, $3 instance, $4 retries allowed, $5 delay in seconds,
-- $6 error code, $7 error message
with task as (
    update tasks
    set crashes = crashes + 1,
        instance = null,
        status = case when crashes < $4 then 'queued' else 'failed' end::task_status,
        run_after = now() + $5::float8 * interval '1 second',
        ended_at = case when crashes < $4 then null else now() end,
        error_code = case when crashes < $4 then null else $6 end,
        error_message = case when crashes < $4 then null else $7 end
    where id = $1 and attempt = $2 and instance = $3 and status = 'running'
    returning queue, status, run_after
)
select status, case when status = 'queued' then hint_workers(queue, run_after)::text end from task
