-- What time it is, and the minutes of the last while that are known, the oldest first.
-- $1 how many minutes, this one among them
select now.at, m.minute, m.submitted, m.completed, m.failed, m.cancelled, m.lost, m.failures,
    m.waits, m.runs, m.queued, m.running, m.oldest_queued_s
from (select now() as at) now
left join minutes m on m.minute > date_trunc('minute', now.at) - $1::integer * interval '1 minute'
order by m.minute
