-- Which of these tables refers to which.
-- $1 tables
select t.name, r.name as other
from unnest($1::text[]) as t (name)
    join pg_constraint c on c.contype = 'f' and c.conrelid = to_regclass(t.name)
    join unnest($1::text[]) as r (name) on c.confrelid = to_regclass(r.name)
where c.conrelid <> c.confrelid
