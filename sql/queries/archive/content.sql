-- A task's result with what is needed to show it in other ways, however large.
-- $1 task id
select r.counts, r.details, p.options, p.stats
from tasks t
join programs p on p.task_id = t.id
join results r on r.task_id = t.id
where t.id = $1 and (t.expires_at is null or t.expires_at > now())
