-- Tasks that have not ended and have all of some tags, the latest first.
-- $1 key and $2 value of one of the tags, $3 all of them, $4 how many
select t.id
from (
    select task_id from task_tags where key = $1 and value = $2
    order by created_at desc, position desc limit 20000
) tagged
join tasks t on t.id = tagged.task_id
join programs p on p.task_id = t.id
where t.status in ('queued', 'running') and t.cancel_requested_at is null and p.tags @> $3::jsonb
limit $4
