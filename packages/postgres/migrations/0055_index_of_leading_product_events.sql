-- In place of the index that had every event of a cause. Past days take no rows, so what comes in waits for the index of today alone, and for what
-- follows on it. The days to come are empty.
do $$
declare
  v_day name;
  v_days name[] := array(select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'dueline.product_events'::regclass and not exists (
      select from pg_index x join pg_inherits h on h.inhrelid = x.indexrelid
      where x.indrelid = c.oid and h.inhparent = 'dueline.product_events_leads'::regclass)
    order by c.relname);
begin
  foreach v_day in array v_days loop
    execute format('create index %I on dueline.%I (tenant_id, correlation_id, received_at, id) where leads', v_day || '_leads', v_day);
  end loop;
  foreach v_day in array v_days loop
    execute format('alter index dueline.product_events_leads attach partition dueline.%I', v_day || '_leads');
  end loop;
  drop index dueline.product_events_cause;
end $$
;
