-- The columns of each of these tables that is there, in order, without those that Postgres generates.
-- $1 tables
select t.name, array_agg(a.attname::text order by a.attnum) as columns
from unnest($1::text[]) as t (name) join pg_attribute a on a.attrelid = to_regclass(t.name)
where a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
group by t.name
