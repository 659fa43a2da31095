-- Deletes jobs left 'doing': a job only wakes its worker, which takes milliseconds.
-- $1 seconds
delete from procrastinate_jobs j
using procrastinate_events e
where j.status = 'doing' and e.job_id = j.id and e.type = 'started'
  and e.at < now() - $1::float8 * interval '1 second'
