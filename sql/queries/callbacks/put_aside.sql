-- Puts callbacks that were claimed into the queues of their hosts instead of trying them.
-- $1 task ids, $2 the tries of each
update callbacks c set aside = true, tries = c.tries - 1, due_at = now()
from unnest($1::uuid[], $2::integer[]) as u (task_id, tries)
where c.task_id = u.task_id and c.tries = u.tries
  and c.delivered_at is null and c.failed_at is null
