-- Hints again at queued tasks that no job points to. From queue to queue by their index: they may be
-- long.
with recursive q as (
    (select queue from tasks where status = 'queued' order by queue limit 1)
    union all
    select (
        select t.queue from tasks t where t.status = 'queued' and t.queue > q.queue
        order by t.queue limit 1
    ) from q where q.queue is not null
)
select hint_workers(queue) from q
where exists (
    select from tasks t
    where t.queue = q.queue and t.status = 'queued' and t.run_after <= now())
and not exists (
    select from procrastinate_jobs j
    where j.queue_name = q.queue and j.status = 'todo'
      and (j.scheduled_at is null or j.scheduled_at <= now()))
