-- Of the tasks that have not ended, from the latest on, those that have all of some tags; how many
-- were looked through, and where the last of them is.
-- $1 tags, $2 and $3: submitted before this time and position, $4 how many to look through
with active as materialized (
    select id, created_at, position
    from unnest('{queued,running}'::task_status[]) wanted, lateral (
        select id, created_at, position from tasks
        where status = wanted and cancel_requested_at is null
          and (created_at, position) < ($2, $3::bigint)
        order by created_at desc, position desc limit $4
    ) listed
    order by created_at desc, position desc
    limit $4
)
select (select count(*) from active) as seen, created_at, position, array(
        select a.id from active a join programs p on p.task_id = a.id
        where p.tags @> $1::jsonb
        order by a.created_at desc, a.position desc
    ) as ids
from active order by created_at, position limit 1
