-- What is forgotten in time.

-- Bounded: deletes at most p_limit receipts and says how many.
--
-- callers: dueline_worker, dueline_writer
-- owner: dueline_append
create or replace function dueline.forget_receipts(p_now bigint, p_limit integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
  forgotten integer;
begin
  delete from dueline.receipts where ctid = any (array(
    select r.ctid from dueline.receipts r where r.expires_at <= p_now limit p_limit
  ));
  get diagnostics forgotten = row_count;
  return forgotten;
end $$
;
