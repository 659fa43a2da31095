-- What a task is called by, locked until it is called by something else.
-- $1 task id
select p.name, p.tags::text as tags
from programs p join tasks t on t.id = p.task_id
where p.task_id = $1 and (t.expires_at is null or t.expires_at > now())
for update of p
