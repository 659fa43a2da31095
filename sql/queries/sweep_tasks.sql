-- Queues again what no living instance holds; a task lost too often fails instead.
-- $1 losses allowed, $2 error code, $3 error message
with task as (
    update tasks
    set losses = losses + 1,
        instance = null,
        status = case when losses < $1 then 'queued' else 'failed' end::task_status,
        ended_at = case when losses < $1 then null else now() end,
        error_code = case when losses < $1 then null else $2 end,
        error_message = case when losses < $1 then null else $3 end
    where status = 'running' and instance not in (select id from instances)
    returning id, status
)
select id, status from task
