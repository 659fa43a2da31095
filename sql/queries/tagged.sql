-- Tasks that have not ended and have all of some tags.
-- $1 key and $2 value of one of the tags, $3 all of them, $4 how many
select active.id
from (
    select id from tasks
    where status in ('queued', 'running') and cancel_requested_at is null
) active, lateral (
    select p.task_id from task_tags g join programs p on p.task_id = g.task_id
    where g.task_id = active.id and g.key = $1 and g.value = $2 and p.tags @> $3::jsonb
) tagged
limit $4
