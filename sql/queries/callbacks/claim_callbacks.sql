-- Gives callbacks that are due to one instance; no two claims get the same one. Each is due again
-- when the lease is over, lest it be lost with its instance, and counts as tried. Hosts that the
-- instance knows to be quick come by themselves, and pass by all others, however many are due. Of
-- those, half are the newest, whom no backlog keeps waiting, and half the oldest, lest they wait
-- for ever.
-- $1 lease in seconds, $2 hosts that are known, $3 how many each of them may have,
-- $4 how many of these at most, $5 how many others
with known as (
    select c.task_id from unnest($2::text[], $3::integer[]) as h (host, free)
    cross join lateral (
        select task_id from callbacks
        where host = h.host and due_at <= now() and delivered_at is null and failed_at is null
        order by due_at
        limit h.free
        for update skip locked
    ) c
    limit $4
), newest as (
    select task_id from callbacks
    where due_at <= now() and not aside and delivered_at is null and failed_at is null
    order by due_at desc
    limit ($5::integer + 1) / 2
    for update skip locked
), oldest as (
    select task_id from callbacks
    where due_at <= now() and not aside and delivered_at is null and failed_at is null
    order by due_at
    limit $5::integer / 2
    for update skip locked
), callback as (
    update callbacks c
    set tries = c.tries + 1, due_at = now() + $1::float8 * interval '1 second', aside = false
    where c.task_id in (
        select task_id from known
        union select task_id from newest
        union select task_id from oldest)
    returning c.task_id, c.url, c.host, c.tries
)
select c.task_id, c.url, c.host, c.tries, now() as claimed_at, t.status, t.ended_at
from callback c join tasks t on t.id = c.task_id
