-- The rows of service calls, whose columns `callColumns.ts` lists. Each of these runs in the statement of commit_batch and after it: a batch
-- whose versions or receipts are not in order is refused there, with all that would be stored here.
--
-- Columns come as arrays, which cost half of what a JSON document does. '' as a sealed request means: keep what is there.

-- Of streams that begin.
--
-- No table is read here, so that only the mode of its plan is pinned: left to itself the server takes the generic plan for one of a thousand rows, thinks a plan for
-- the rows at hand cheaper, and makes one anew at each call, which takes more than writing ten rows.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.add_calls({{call parameters}})
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  {{call insert}};
end $$
;

-- Of streams that go on. What a call's first event said stays as it is; so does the index of all calls, and a step that leaves the time to look
-- again alone touches no index. The caller stores the whole row where this finds none.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.step_calls({{call stepped}})
returns void language plpgsql security definer {{stable plan}} as $$
declare
  v_updated integer;
begin
  {{call step}};
  get diagnostics v_updated = row_count;
  if v_updated < cardinality(r_tenant_id) then
    raise exception 'a row is missing' using errcode = 'DL011';
  end if;
end $$
;

-- Whatever is there and whatever is not: of rows that are put right, and of programs that tell no beginning from a step.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.store_calls({{call parameters}})
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  {{call upsert}};
end $$
;
