-- The last number that each numbered column of these tables drew; null before the first.
-- $1 tables
select t.name || '.' || a.attname as column, pg_sequence_last_value(s.sequence::regclass) as last
from unnest($1::text[]) as t (name) join pg_attribute a on a.attrelid = to_regclass(t.name),
    lateral (select pg_get_serial_sequence(t.name, a.attname) as sequence) s
where a.attnum > 0 and not a.attisdropped and s.sequence is not null
