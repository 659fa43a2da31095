-- A task's result, with what is needed to show it in other ways; or why there is none.
-- $1 task id
select shown_status(t.status, t.cancel_requested_at) as status, t.shots, t.error_code,
    t.error_message, t.changed as change, r.counts, r.details, p.options, p.stats
from tasks t join programs p on p.task_id = t.id left join results r on r.task_id = t.id
where t.id = $1 and (t.expires_at is null or t.expires_at > now())
