-- Deletes tasks whose time is over, and remembers that they were there. One with a callback waits
-- until that is delivered or given up.
-- $1 how many at most
with task as (
    delete from tasks where id in (
        select id from tasks t where expires_at <= now() and not (callback and exists (
            select from callbacks c where c.task_id = t.id and delivered_at is null
              and failed_at is null))
        order by expires_at limit $1
        for update skip locked
    )
    returning id, expires_at
), remembered as (
    insert into expired_tasks (id, expired_at) select id, expires_at from task
    on conflict do nothing
)
select count(*) from task
