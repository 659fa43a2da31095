-- Hints again at queued tasks that no job points to.
select hint_workers(queue) from (
    select distinct queue from tasks where status = 'queued' and run_after <= now()
) q
where not exists (
    select from procrastinate_jobs j
    where j.queue_name = q.queue and j.status = 'todo'
      and (j.scheduled_at is null or j.scheduled_at <= now()))
