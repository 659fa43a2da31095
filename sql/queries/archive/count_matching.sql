-- How many tasks match that have not ended, among so many as an index gives in the order of their
-- submission; and where these end.
-- {source} is put in by cancelling.py, from a closed list. The parameters are those of
-- cancel_matching.sql; $9 is not used
with candidate as materialized (
    {source}
    order by created_at, position
    limit $11
)
select now() as at, (select count(*) from candidate) as seen, (
        select count(*)
        from candidate c join tasks t on t.id = c.id
        where t.status in ('queued', 'running') and t.cancel_requested_at is null
          and t.status::text = any($5)
          and ($6::text is null and $7::jsonb is null and $8::text is null or exists (
              select from programs p
              where p.task_id = c.id
                and ($6::text is null or p.name = $6)
                and ($7::jsonb is null or p.tags @> $7)
                and ($8::text is null or p.name ilike $8 or exists (
                    select from jsonb_each_text(p.tags) tag
                    where tag.key ilike $8 or tag.value ilike $8))))
          and $9::integer is not null and $10::text[] is not distinct from $10
    ) as matched,
    '{}'::uuid[] as cancelled, 0::bigint as cancelling, last.created_at as last_at,
    last.position as last_position
from (select) one left join lateral (
    select created_at, position from candidate order by created_at desc, position desc limit 1
) last on true
