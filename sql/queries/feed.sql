-- Changes of status of all tasks, in the order of the transactions that made them, after a given
-- one. Only what was made before the oldest transaction that is still open: a later look cannot
-- find any that would have come before those. Also how far this look was sure.
-- $1 change, $2 position of the task, $3 place in its history: of the last that is known; $4 how
-- many
with sure as (
    select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as below
), event as (
    select e.change, t.position, e.number, t.id, e.status, e.at, e.attempt
    from tasks t, unnest(t.history) with ordinality as e (status, at, attempt, change, number)
    where t.changed >= $1 and e.change < (select below from sure)
      and (e.change, t.position, e.number) > ($1, $2::bigint, $3::bigint)
    order by 1, 2, 3
    limit $4
)
select sure.below, event.* from sure left join event on true order by 2, 3, 4
