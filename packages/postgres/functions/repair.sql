-- Putting right what is: how rows that disagree with the log are held while they are made anew.

-- Those of the rows that nobody is writing at the moment; until this transaction ends nobody will. It waits for none of them. Row by
-- row, lest the table be walked: it may be one that the planner still believes to be empty.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.hold_rows(p_category text, p_tenant uuid[], p_id uuid[])
returns table (tenant_id uuid, id uuid) language plpgsql security definer {{stable plan}} as $$
declare
  v_calls boolean := p_category = 'service-call';
begin
  return query execute format('select k.t, k.i from unnest($1, $2) k(t, i) cross join lateral (
      select from dueline.%I r where r.tenant_id = k.t and r.%I = k.i for no key update skip locked) held',
    case when v_calls then 'service_calls' else dueline.rows_table(p_category) end, case when v_calls then 'call_id' else 'id' end)
    using p_tenant, p_id;
end $$
;

-- Rows that no event speaks of.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.drop_rows(p_category text, p_tenant uuid[], p_id uuid[]) returns integer
language plpgsql security definer {{stable plan}} as $$
declare
  v_calls boolean := p_category = 'service-call';
  k record;
  dropped integer := 0;
begin
  for k in select * from unnest(p_tenant, p_id) u(t, i) where not exists (
    select from dueline.events e where e.tenant_id = u.t and e.stream_id = u.i and e.category = p_category
  ) loop
    execute format('delete from dueline.%I r where r.tenant_id = $1 and r.%I = $2',
      case when v_calls then 'service_calls' else dueline.rows_table(p_category) end, case when v_calls then 'call_id' else 'id' end)
      using k.t, k.i;
    dropped := dropped + 1;
  end loop;
  return dropped;
end $$
;
