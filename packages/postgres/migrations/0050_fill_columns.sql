-- The tables that are there. No row is written anew: it takes milliseconds, for which commits wait. They take their first lock on events, so none is
-- between two of these tables.
lock table dueline.events in share mode
;
select dueline.fill_columns(c.relname) from pg_class c
  where c.relnamespace = 'dueline'::regnamespace and c.relkind = 'r' and c.relname like '%\_rows'
    and exists (select from pg_attribute a where a.attrelid = c.oid and a.attgenerated = 's')
  order by c.relname
;
