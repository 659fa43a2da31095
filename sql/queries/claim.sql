-- Gives queued tasks to one instance, first come first served; no two claims get the same one.
-- $1 instance, $2 queue, $3 how many at most
with next as (
    select id from tasks
    where queue = $2 and status = 'queued' and run_after <= now()
    order by priority desc, position
    limit $3
    for update skip locked
)
update tasks t
set status = 'running', attempt = t.attempt + 1, instance = $1, started_at = now()
from next join programs p on p.task_id = next.id
where t.id = next.id
returning t.id, t.position, t.attempt, t.shots, t.seed, p.qc
