-- Hints at all queued tasks, at once or when they are due: the hints of before were not restored.
select hint_workers(queue, due) from (
    select distinct queue, case when run_after > now() then run_after end as due
    from tasks where status = 'queued'
) q
