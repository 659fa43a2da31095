-- A task's program and the options of its run, as they were submitted.
-- $1 task id
select p.qc, p.options
from tasks t join programs p on p.task_id = t.id
where t.id = $1 and (t.expires_at is null or t.expires_at > now())
