-- Changes of status of all tasks, in the order of the transactions that made them, after a given
-- one. Only what was made before the oldest transaction that is still open: a later look cannot
-- find any that would have come before those. Also how far this look was sure.
-- $1 change, $2 position of the task, $3 place in its history: of the last that is known; $4 how
-- many
with sure as (
    select sure_change() as below
), event as (
    select change, position, number, task_id, status, at, attempt from events
    where (change, position, number) > ($1, $2::bigint, $3::integer)
      and change < (select below from sure)
    order by change, position, number
    limit $4
)
select sure.below, event.* from sure left join event on true order by 2, 3, 4
