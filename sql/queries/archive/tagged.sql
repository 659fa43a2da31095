-- Tasks that have not ended and have all of some tags, the latest first; null where so many have the
-- first of the tags that it is better to look through what has not ended (active_tagged.sql).
-- $1 key and $2 value of the first tag, $3 all of them, $4 so many
with candidate as materialized (
    select task_id, created_at, position from task_tags where key = $1 and value = $2 limit $4
)
select case when (select count(*) from candidate) < $4 then array(
    select c.task_id
    from candidate c join tasks t on t.id = c.task_id join programs p on p.task_id = c.task_id
    where t.status in ('queued', 'running') and t.cancel_requested_at is null
      and p.tags @> $3::jsonb
    order by c.created_at desc, c.position desc
) end
