-- How many tasks match that have not ended, among so many as an index gives in the order of their
-- submission; and where these end.
-- What stands in braces is put in by cancelling.py, from closed lists. The parameters are those of
-- cancel_matching.sql; $9 is not used
with candidate as materialized (
    {source}
    order by created_at, position
    limit $11
)
select now() as at, (select count(*) from candidate) as seen, (
        select count(*)
        from candidate c join tasks t on t.id = c.id
        where {matches}
    ) as matched,
    '{}'::uuid[] as cancelled, 0::bigint as cancelling, last.created_at as last_at,
    last.position as last_position
from (select) one left join lateral (
    select created_at, position from candidate order by created_at desc, position desc limit 1
) last on true
