-- Says that a callback was delivered, by whichever try: what has arrived needs no other.
-- $1 task id
update callbacks set delivered_at = now(), failed_at = null, error = null
where task_id = $1 and delivered_at is null
