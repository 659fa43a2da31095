-- Gives callbacks that are due to one instance, first come first served; no two claims get the same
-- one. Each is due again when the lease is over, lest it be lost with its instance, and counts as
-- tried. A host that has as many under way as it may have is passed by, however many wait for it.
-- $1 how many, $2 lease in seconds, $3 how many for one host, $4 the host of each that is under way
with due as (
    select task_id, url, lower(substring(url from '//([^/?]+)')) as host, due_at from callbacks
    where due_at <= now() and delivered_at is null and failed_at is null
      and lower(substring(url from '//([^/?]+)')) <> all (array(
          select host from unnest($4::text[]) as u (host) group by host having count(*) >= $3))
    order by due_at
    limit $1
    for update skip locked
), next as (
    select task_id, host, row_number() over (partition by host order by due_at)
        + (select count(*) from unnest($4::text[]) as u (host) where u.host = due.host) as place
    from due
), callback as (
    update callbacks c set tries = c.tries + 1, due_at = now() + $2::float8 * interval '1 second'
    from next
    where c.task_id = next.task_id and next.place <= $3
    returning c.task_id, c.url, next.host, c.tries
)
select c.task_id, c.url, c.host, c.tries, now() as claimed_at, t.status, t.ended_at
from callback c join tasks t on t.id = c.task_id
