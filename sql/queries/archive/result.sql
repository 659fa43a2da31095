-- Tasks' results, with what is needed to show them in other ways, unless that is large; or why
-- there is none. Only what is small as it is stored is unpacked to see how large it is.
-- $1 task ids, $2 bytes up to which a result is small
select t.id, shown_status(t.status, t.cancel_requested_at) as status, t.shots, t.error_code,
    t.error_message, t.changed as change, small.counts, small.details, small.options, small.stats
from tasks t
join programs p on p.task_id = t.id
left join results r on r.task_id = t.id
left join lateral (
    select r.counts, r.details, p.options, p.stats
    where case when pg_column_size(r.counts) + coalesce(pg_column_size(r.details), 0)
            + coalesce(pg_column_size(p.options), 0) <= $2::integer
        then octet_length(r.counts::text) + coalesce(octet_length(r.details::text), 0)
            + coalesce(octet_length(p.options::text), 0) <= $2::integer
        end
) small on true
where t.id = any($1::uuid[]) and (t.expires_at is null or t.expires_at > now())
