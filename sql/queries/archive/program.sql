-- Tasks' programs and the options of their runs, as they were submitted.
-- $1 task ids
select t.id, p.qc, p.options
from tasks t join programs p on p.task_id = t.id
where t.id = any($1::uuid[]) and (t.expires_at is null or t.expires_at > now())
