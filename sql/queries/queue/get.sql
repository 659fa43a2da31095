-- Tasks as their submitters see them; without counts that are large, which nobody else shall wait
-- for. Only what is small as it is stored is unpacked to see how large it is.
-- $1 task ids, $2 bytes up to which counts are small
select t.id, t.status, t.error_code, t.error_message,
    case when pg_column_size(r.counts) <= $2::integer then
        case when octet_length(r.counts::text) <= $2::integer then r.counts end
    end as counts
from tasks t left join results r on r.task_id = t.id
where t.id = any($1::uuid[]) and (t.expires_at is null or t.expires_at > now())
