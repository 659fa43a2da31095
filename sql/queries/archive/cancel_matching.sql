-- Cancels tasks that match, from the first submitted on: ends those that are queued, and asks for those
-- that are running to be stopped. It takes a few of those that match among so many as an index gives
-- in that order. Also says where these end, so that the next statement goes on from there.
-- What stands in braces is put in by cancelling.py, from closed lists.
-- $1 and $2: submitted after this time and position, $3 and $4: before these; $5 statuses, $6 name or
-- null, $7 tags that all must be there or null, $8 a part of the name or the tags, as a pattern, or
-- null, $9 how many at most, $10 what {source} is looked up by, $11 how many to look through
with candidate as materialized (
    {source}
    order by created_at, position
    limit $11
), found as materialized (
    select t.id, c.created_at, c.position
    from candidate c join tasks t on t.id = c.id
    where {matches}
    order by c.created_at, c.position
    limit $9
), locked as materialized (
    -- A queued task may have been started since the statement began: its status is looked at again
    -- once it is locked. The rows are locked in the order in which cancel.sql locks them.
    select id from tasks
    where id = any(array(select id from found))
      and status in ('queued', 'running') and cancel_requested_at is null
      and status::text = any($5)
    order by id for update
), task as (
    update tasks t
    set status = case when status = 'queued' then 'cancelled' else status end::task_status,
        ended_at = case when status = 'queued' then now() end,
        cancel_requested_at = now()
    from locked l
    where t.id = l.id
    returning t.id, t.status
)
select now() as at, (select count(*) from candidate) as seen, (select count(*) from found) as matched,
    array(select id from task where status = 'cancelled') as cancelled,
    (select count(*) from task where status = 'running') as cancelling,
    last.created_at as last_at, last.position as last_position
from (select) one left join lateral (
    select created_at, position from (
        select created_at, position from found where (select count(*) from found) = $9
        union all
        select created_at, position from candidate where (select count(*) from found) < $9
    ) looked
    order by created_at desc, position desc limit 1
) last on true
