-- What tells the programs of tasks and the options of their runs from others: a digest.
-- $1 task ids
select t.id, sha256(convert_to(
    length(p.qc) || ':' || p.qc || coalesce(p.options::text, ''), 'utf8'
)) as key
from tasks t join programs p on p.task_id = t.id
where t.id = any($1::uuid[]) and (t.expires_at is null or t.expires_at > now())
