-- Tasks as their submitters see them.
-- $1 task ids
select t.id, t.status, t.error_code, t.error_message, r.counts
from tasks t left join results r on r.task_id = t.id
where t.id = any($1::uuid[]) and (t.expires_at is null or t.expires_at > now())
