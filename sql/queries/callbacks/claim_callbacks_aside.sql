-- Gives callbacks that were put aside and are due to one instance, as claim_callbacks does: one for
-- each host, in turn, from host to host by index, however many wait for one. Says as well up to
-- which host it has looked: '' if there is none behind it.
-- $1 lease in seconds, $2 the host after which to begin, $3 how many, $4 hosts to pass by,
-- $5 how many hosts to look at
with recursive hosts (host, number) as (
    (
        select host, 1 from callbacks
        where aside and host > $2 and delivered_at is null and failed_at is null
        order by host
        limit 1
    )
    union all
    select next.host, hosts.number + 1 from hosts cross join lateral (
        select c.host from callbacks c
        where c.aside and c.host > hosts.host and c.delivered_at is null and c.failed_at is null
        order by c.host
        limit 1
    ) next
    where hosts.number < $5::integer
), due as (
    select c.task_id, hosts.host, hosts.number from hosts cross join lateral (
        select task_id from callbacks
        where aside and host = hosts.host and due_at <= now()
          and delivered_at is null and failed_at is null
        order by due_at
        limit 1
        for update skip locked
    ) c
    where hosts.host <> all ($4::text[])
    limit $3::integer
), callback as (
    update callbacks c
    set tries = c.tries + 1, due_at = now() + $1::float8 * interval '1 second'
    from due
    where c.task_id = due.task_id
    returning c.task_id, c.url, c.host, c.tries
), looked as (
    select case
        when (select count(*) from due) >= $3::integer then (select max(host) from due)
        when (select count(*) from hosts) >= $5::integer then (select max(host) from hosts)
        else '' end as upto
)
select c.task_id, c.url, c.host, c.tries, now() as claimed_at, t.status, t.ended_at, looked.upto
from looked left join (callback c join tasks t on t.id = c.task_id) on true
