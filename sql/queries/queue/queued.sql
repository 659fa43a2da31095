-- How many tasks are queued; it counts no further than asked.
-- $1 queue, $2 how far
select count(*) from (select from tasks where queue = $1 and status = 'queued' limit $2) q
