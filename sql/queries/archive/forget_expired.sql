-- Forgets that tasks were there.
-- $1 seconds since their time was over, $2 how many at most
with forgotten as (
    delete from expired_tasks where id in (
        select id from expired_tasks
        where expired_at < now() - $1::float8 * interval '1 second'
        order by expired_at limit $2 for update skip locked
    )
    returning id
)
select count(*) from forgotten
