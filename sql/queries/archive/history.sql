-- What has become of tasks so far, each change in order.
-- $1 task ids
select t.id, t.status in ('completed', 'failed', 'cancelled') as ended, t.changed, (
    select json_agg(json_build_object('id', e.number, 'status', e.status, 'at', e.at,
        'attempt', e.attempt) order by e.number)
    from unnest(t.history) with ordinality as e (status, at, attempt, change, number)
) as history
from tasks t
where t.id = any($1::uuid[]) and (t.expires_at is null or t.expires_at > now())
