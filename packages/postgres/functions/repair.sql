-- Putting right what is: how rows that disagree with the log are held while they are made anew.

-- Those of the rows that nobody is writing at the moment; until this transaction ends nobody will. It waits for none of them. Row by
-- row, lest the table be walked: it may be one that the planner still believes to be empty.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.hold_rows(p_category text, p_tenant uuid[], p_id uuid[])
returns table (tenant_id uuid, id uuid) language plpgsql security definer {{stable plan}} as $$
begin
  if p_category = 'service-call' then
    return query select k.t, k.i from unnest(p_tenant, p_id) k(t, i) cross join lateral (
      select from dueline.service_calls r where r.tenant_id = k.t and r.call_id = k.i for no key update skip locked) held;
  end if;
  if p_category = 'customer' then
    return query select k.t, k.i from unnest(p_tenant, p_id) k(t, i) cross join lateral (
      select from dueline.customers r where r.tenant_id = k.t and r.customer_id = k.i for no key update skip locked) held;
  end if;
  if p_category = 'bin' then
    return query select k.t, k.i from unnest(p_tenant, p_id) k(t, i) cross join lateral (
      select from dueline.bins r where r.tenant_id = k.t and r.bin_id = k.i for no key update skip locked) held;
  end if;
  if p_category = 'order' then
    return query select k.t, k.i from unnest(p_tenant, p_id) k(t, i) cross join lateral (
      select from dueline.orders r where r.tenant_id = k.t and r.order_id = k.i for no key update skip locked) held;
  end if;
end $$
;

-- Rows that no event speaks of.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.drop_rows(p_category text, p_tenant uuid[], p_id uuid[]) returns integer
language plpgsql security definer {{stable plan}} as $$
declare
  k record;
  dropped integer := 0;
begin
  for k in select * from unnest(p_tenant, p_id) u(t, i) where not exists (
    select from dueline.events e where e.tenant_id = u.t and e.stream_id = u.i and e.category = p_category
  ) loop
  if p_category = 'service-call' then
    delete from dueline.service_calls r where r.tenant_id = k.t and r.call_id = k.i;
  end if;
  if p_category = 'customer' then
    delete from dueline.customers r where r.tenant_id = k.t and r.customer_id = k.i;
  end if;
  if p_category = 'bin' then
    delete from dueline.bins r where r.tenant_id = k.t and r.bin_id = k.i;
  end if;
  if p_category = 'order' then
    delete from dueline.orders r where r.tenant_id = k.t and r.order_id = k.i;
  end if;
    dropped := dropped + 1;
  end loop;
  return dropped;
end $$
;
