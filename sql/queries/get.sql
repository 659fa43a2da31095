-- A task as its submitter sees it.
-- $1 task id
select t.status, t.error_code, t.error_message, r.counts
from tasks t left join results r on r.task_id = t.id
where t.id = $1
