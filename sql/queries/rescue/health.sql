-- What readiness needs to know: the newest migration applied, and which one the oldest program
-- knows that may run on it. (The column is missing until a migration is applied that names one.)
select max(number) as newest,
       max(coalesce((to_jsonb(m) ->> 'oldest')::integer, number)) as oldest
from schema_migrations m
