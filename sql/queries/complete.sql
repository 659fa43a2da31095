-- Stores each result if, and only if, its attempt still owns its task. Asked again because the
-- answer was lost, it says again that the result is stored: an attempt has one owner.
-- $1 task ids, $2 attempts, $3 instances, $4 counts
with given as (
    select * from unnest($1::uuid[], $2::integer[], $3::uuid[], $4::text[])
        as g (id, attempt, instance, counts)
), task as (
    update tasks t set status = 'completed', instance = null, ended_at = now()
    from given g
    where t.id = g.id and t.attempt = g.attempt and t.instance = g.instance
      and t.status = 'running'
    returning t.id, t.attempt, g.instance, g.counts
), result as (
    insert into results (task_id, attempt, counts) select id, attempt, counts::json from task
    returning task_id
)
select id, attempt, instance from task
union all
select t.id, t.attempt, g.instance from tasks t join given g on t.id = g.id
where t.attempt = g.attempt and t.status = 'completed'
