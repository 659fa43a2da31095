-- Deletes tasks whose time is over, and remembers that they were there.
-- $1 how many at most
with task as (
    delete from tasks where id in (
        select id from tasks where expires_at <= now() order by expires_at limit $1
        for update skip locked
    )
    returning id, expires_at
), remembered as (
    insert into expired_tasks (id, expired_at) select id, expires_at from task
    on conflict do nothing
)
select count(*) from task
