-- The rows of service calls, whose columns `callColumns.ts` lists.

-- Runs in the statement of commit_batch, which refuses a batch whose versions or receipts are not in order, with all that was stored.
--
-- Columns come as arrays, which cost half of what a JSON document does. '' as a sealed request means: keep what is there.
--
-- No table is read here, so there is no plan to pin, and each setting of a function costs at every call.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.store_calls({{call parameters}})
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  {{call upsert}};
end $$
;
