-- The write path of customers, bins and orders. Runs after commit_batch, in the same statement, for batches that have such rows,
-- requirements or snapshots: so versions and receipts have been found in order before any rule is looked at.
--
-- Why no two transactions can both pass where only one may, although each statement sees no more than what was committed before it:
-- an order takes hold of a bin only with the bin's row locked for itself and the customer's row for share; whoever retires a bin, gives
-- it away or erases a customer has that row locked for itself, as its own update does anyhow. So one of the two waits for the end of
-- the other, before it judges. An order judges by the rows it locked, in their newest version, which is what a locking read answers
-- with: a row that came to light only later counts as missing. The others count orders in a statement of its own that begins after
-- they got their lock, and so sees every order of whoever had the lock before. This needs READ COMMITTED, which the pools ask for.
--
-- Two windows of one bin are kept apart by the constraint alone. The bin's lock, taken before the orders are written, is what spares
-- them waiting for each other in a circle there. Bins are locked before customers, each in order of their ids, for the same reason.

-- p holds arrays of rows by the name of their table, and of what is required; what is empty is left out. Contents are JSON text.
-- Rows are written in order of their ids, as the locks are taken.
--
-- callers: dueline_append
-- owner: dueline_append
create or replace function dueline.store_field_rows(p jsonb) returns void language plpgsql as $$
declare
  gone record;
begin
  if p ? 'customers' then
    insert into dueline.customers (tenant_id, customer_id, version, status, created_at, updated_at, erased_at, correlation_id)
      select r.tenant_id, r.customer_id, r.version, r.status, r.created_at, r.updated_at, r.erased_at, r.correlation_id
      from jsonb_populate_recordset(null::dueline.customers, p -> 'customers') as r order by r.tenant_id, r.customer_id
      on conflict (tenant_id, customer_id) do update set version = excluded.version, status = excluded.status, created_at = excluded.created_at, updated_at = excluded.updated_at, erased_at = excluded.erased_at, correlation_id = excluded.correlation_id;
  end if;

  if p ? 'personal_data' then
    insert into dueline.personal_data (tenant_id, customer_id, data_key, profile)
      select r.tenant_id, r.customer_id, r.data_key, r.profile
      from jsonb_populate_recordset(null::dueline.personal_data, p -> 'personal_data') as r order by r.tenant_id, r.customer_id
      on conflict (tenant_id, customer_id) do update set data_key = excluded.data_key, profile = excluded.profile;
  end if;

  if p ? 'bins' then
    insert into dueline.bins (tenant_id, bin_id, version, serial_number, category, size_litres, capacity_litres, status, lat, lon, customer_id, created_at, updated_at, correlation_id)
      select r.tenant_id, r.bin_id, r.version, r.serial_number, r.category, r.size_litres, r.capacity_litres, r.status, r.lat, r.lon, r.customer_id, r.created_at, r.updated_at, r.correlation_id
      from jsonb_populate_recordset(null::dueline.bins, p -> 'bins') as r order by r.tenant_id, r.bin_id
      on conflict (tenant_id, bin_id) do update set version = excluded.version, serial_number = excluded.serial_number, category = excluded.category, size_litres = excluded.size_litres, capacity_litres = excluded.capacity_litres, status = excluded.status, lat = excluded.lat, lon = excluded.lon, customer_id = excluded.customer_id, created_at = excluded.created_at, updated_at = excluded.updated_at, correlation_id = excluded.correlation_id;
  end if;

  if p ? 'orders' then
    insert into dueline.orders (tenant_id, order_id, version, customer_id, bin_id, kind, status, window_from, window_to, created_at, updated_at, ended_at, correlation_id, items, notifications)
      select r.tenant_id, r.order_id, r.version, r.customer_id, r.bin_id, r.kind, r.status, r.window_from, r.window_to, r.created_at, r.updated_at, r.ended_at, r.correlation_id, (r.items #>> '{}')::json, (r.notifications #>> '{}')::json
      from jsonb_populate_recordset(null::dueline.orders, p -> 'orders') as r order by r.tenant_id, r.order_id
      on conflict (tenant_id, order_id) do update set version = excluded.version, customer_id = excluded.customer_id, bin_id = excluded.bin_id, kind = excluded.kind, status = excluded.status, window_from = excluded.window_from, window_to = excluded.window_to, created_at = excluded.created_at, updated_at = excluded.updated_at, ended_at = excluded.ended_at, correlation_id = excluded.correlation_id, items = excluded.items, notifications = excluded.notifications;
  end if;

  if p ? 'snapshots' then
    insert into dueline.snapshots (tenant_id, stream_id, version, form, state)
      select r.tenant_id, r.stream_id, r.version, r.form, (r.state #>> '{}')::json
      from jsonb_populate_recordset(null::dueline.snapshots, p -> 'snapshots') as r order by r.tenant_id, r.stream_id
      on conflict (tenant_id, stream_id) do update set version = excluded.version, form = excluded.form, state = excluded.state;
  end if;

  for gone in select r.t, r.i from jsonb_to_recordset(coalesce(p -> 'forgotten', '[]')) as r(t uuid, i uuid) loop
    delete from dueline.personal_data d where d.tenant_id = gone.t and d.customer_id = gone.i;
  end loop;
end $$
;

-- The rows that may not change until this transaction has ended, so far as they are there.
--
-- Each of the rows is looked up by itself, in order of the ids. A join would leave it to the planner to walk the table instead, which is the
-- cheaper way while the table has one row, and is kept while it grows.
--
-- callers: dueline_append
-- owner: dueline_append
create or replace function dueline.hold_field_rows(p jsonb) returns void language plpgsql as $$
begin
  perform from (select r.t, r.i from jsonb_to_recordset(coalesce(p -> 'fits', '[]')) as r(t uuid, i uuid)
      union select r.t, r.i from jsonb_to_recordset(coalesce(p -> 'unused', '[]')) as r(t uuid, i uuid)
      union select r.tenant_id, r.bin_id from jsonb_to_recordset(coalesce(p -> 'bins', '[]')) as r(tenant_id uuid, bin_id uuid)
      union select r.tenant_id, r.bin_id from jsonb_to_recordset(coalesce(p -> 'orders', '[]')) as r(tenant_id uuid, bin_id uuid) order by 1, 2) q cross join lateral (select from dueline.bins b where b.tenant_id = q.t and b.bin_id = q.i for no key update of b) h;
  perform from (select r.t, r.i from jsonb_to_recordset(coalesce(p -> 'idle', '[]')) as r(t uuid, i uuid)
      union select r.tenant_id, r.customer_id from jsonb_to_recordset(coalesce(p -> 'customers', '[]')) as r(tenant_id uuid, customer_id uuid) order by 1, 2) q cross join lateral (select from dueline.customers c where c.tenant_id = q.t and c.customer_id = q.i for no key update of c) h;
end $$
;

-- The first rule that does not hold, or null. What is required stands in no list twice, so that what is missing can be counted.
--
-- callers: dueline_append
-- owner: dueline_append
create or replace function dueline.broken_rule(p jsonb) returns text language plpgsql as $$
declare
  found_rows integer;
  rule text;
begin
  if p ? 'active' then
    select count(*), min(case when h.status = 'Erased' then 'customer_erased' end) into found_rows, rule
      from (select r.t, r.i from jsonb_to_recordset(coalesce(p -> 'active', '[]')) as r(t uuid, i uuid) order by 1, 2) q cross join lateral (select c.status from dueline.customers c where c.tenant_id = q.t and c.customer_id = q.i for share of c) h;
    if found_rows < jsonb_array_length(p -> 'active') then return 'customer_missing'; end if;
    if rule is not null then return rule; end if;
  end if;
  if p ? 'fits' then
    select count(*), min(case when h.status = 'Retired' then 'bin_retired' when h.status <> 'Active' then 'bin_in_maintenance'
        when h.customer_id <> q.c then 'bin_of_another_customer' end) into found_rows, rule
      from (select r.t, r.i, r.c from jsonb_to_recordset(coalesce(p -> 'fits', '[]')) as r(t uuid, i uuid, c uuid) order by 1, 2) q cross join lateral (select b.status, b.customer_id from dueline.bins b where b.tenant_id = q.t and b.bin_id = q.i for no key update of b) h;
    if found_rows < jsonb_array_length(p -> 'fits') then return 'bin_missing'; end if;
    if rule is not null then return rule; end if;
  end if;
  if exists (select from jsonb_to_recordset(coalesce(p -> 'unused', '[]')) as q(t uuid, i uuid, c uuid) where (select true from dueline.orders o where o.tenant_id = q.t and o.bin_id = q.i and o.customer_id is distinct from q.c and o.status in ('Scheduled', 'Confirmed') limit 1)) then return 'bin_in_use'; end if;
  if exists (select from jsonb_to_recordset(coalesce(p -> 'idle', '[]')) as q(t uuid, i uuid) where (select true from dueline.orders o where o.listed_under = q.t and o.customer_id = q.i and o.status not in ('Draft', 'Completed', 'Cancelled') limit 1)) then return 'customer_in_use'; end if;
  return null;
end $$
;

-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.commit_field(p jsonb) returns void
language plpgsql security definer {{stable plan}} as $$
declare
  rule text;
begin
  perform dueline.hold_field_rows(p);
  perform dueline.store_field_rows(p);
  rule := dueline.broken_rule(p);
  if rule is not null then
    raise exception 'rule' using errcode = 'DL010', detail = rule;
  end if;
end $$
;
