-- Gives a task another name and other tags.
-- $1 task id, $2 name or null, $3 tags as JSON or null
with program as (
    update programs p set name = $2, tags = $3::jsonb
    from tasks t
    where p.task_id = $1 and t.id = $1 and (t.expires_at is null or t.expires_at > now())
    returning p.task_id, p.created_at, p.position, p.tags
), gone as (
    delete from task_tags where task_id = (select task_id from program)
      and not coalesce((select tags from program), '{}') ? key
), tagged as (
    insert into task_tags (task_id, key, value, created_at, position)
    select task_id, tag.key, tag.value, created_at, position
    from program, jsonb_each_text(program.tags) tag
    on conflict (task_id, key) do update set value = excluded.value
)
select task_id from program
