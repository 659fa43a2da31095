-- A task's counts, however large.
-- $1 task id
select r.counts
from tasks t join results r on r.task_id = t.id
where t.id = $1 and (t.expires_at is null or t.expires_at > now())
