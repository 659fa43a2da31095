-- Which of these tasks have changed their status since a change of theirs, and whether they have
-- ended; for those who wait for them.
-- $1 task ids, $2 the changes that were seen
select t.id, t.changed, t.status in ('completed', 'failed', 'cancelled') as ended
from unnest($1::uuid[], $2::bigint[]) as seen (id, changed) join tasks t on t.id = seen.id
where t.changed > seen.changed
