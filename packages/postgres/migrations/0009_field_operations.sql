-- Customers, bins and orders: their read models, personal data in a table of its own, and snapshots of streams. Times are epoch
-- milliseconds. What must hold between rows of one table is a constraint here; what must hold between tables, commit_field sees to.
--
-- No plan for a row by its id may become a walk through a list. Hence listed_under, a copy of the tenant, and the serial number before
-- the tenant. And while a table has one row all its indexes cost the planner the same: the youngest wins, so the primary key comes last.

create table dueline.customers (
    tenant_id uuid not null,
    customer_id uuid not null,
    version integer not null,
    status text not null,
    created_at bigint not null,
    updated_at bigint not null,
    erased_at bigint,
    correlation_id text not null,
    listed_under uuid not null generated always as (tenant_id) stored
  ) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)
;
create index customers_list on dueline.customers (listed_under, created_at, customer_id)
;
alter table dueline.customers add primary key (tenant_id, customer_id)
;

-- Dropping the key makes every copy of the profile unreadable; both are gone when the row is.
create table dueline.personal_data (
    tenant_id uuid not null,
    customer_id uuid not null,
    data_key text not null,
    profile text not null,
    primary key (tenant_id, customer_id)
  ) with (autovacuum_vacuum_scale_factor = 0.05)
;
create table dueline.bins (
    tenant_id uuid not null,
    bin_id uuid not null,
    version integer not null,
    serial_number text not null,
    category text not null,
    size_litres integer not null,
    capacity_litres integer not null,
    status text not null,
    lat double precision,
    lon double precision check ((lat is null) = (lon is null)),
    customer_id uuid,
    created_at bigint not null,
    updated_at bigint not null,
    correlation_id text not null,
    listed_under uuid not null generated always as (tenant_id) stored,
    constraint bins_serial unique (serial_number, tenant_id) deferrable initially immediate
  ) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)
;
create index bins_list on dueline.bins (listed_under, created_at, bin_id)
;
alter table dueline.bins add primary key (tenant_id, bin_id)
;
create function dueline.half(p_id uuid, p_half integer) returns bigint language sql immutable strict parallel safe
return ('x' || substr(replace(p_id::text, '-', ''), 1 + 16 * p_half, 16))::bit(64)::bigint
;

-- Without an extension only ranges can be compared in such a constraint, hence bin and tenant as ranges of one number. (A range over
-- a composite type says the same in one column, but nothing tells its index how far two values are apart, and at 100,000 orders it
-- costs fifteen times as much.) Judged at the end of a statement, so that two orders can swap their windows in one.
--
-- What bin and what customer have active orders is said in two ways, so that the planner can take neither index for the other.
create table dueline.orders (
    tenant_id uuid not null,
    order_id uuid not null,
    version integer not null,
    customer_id uuid not null,
    bin_id uuid not null,
    kind text not null,
    status text not null,
    window_from bigint,
    window_to bigint,
    items json not null,
    notifications json not null,
    created_at bigint not null,
    updated_at bigint not null,
    ended_at bigint,
    correlation_id text not null,
    listed_under uuid not null generated always as (tenant_id) stored,
    constraint orders_hold check (not status in ('Scheduled', 'Confirmed') or (window_from is not null and window_to is not null and window_from < window_to)),
    constraint orders_window exclude using gist (
      int8range(dueline.half(bin_id, 0), dueline.half(bin_id, 0), '[]') with =, int8range(dueline.half(bin_id, 1), dueline.half(bin_id, 1), '[]') with =, int8range(dueline.half(tenant_id, 0), dueline.half(tenant_id, 0), '[]') with =, int8range(dueline.half(tenant_id, 1), dueline.half(tenant_id, 1), '[]') with =,
      int8range(window_from, window_to) with &&
    ) where (status in ('Scheduled', 'Confirmed')) deferrable initially immediate
  ) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)
;
create index orders_list on dueline.orders (listed_under, created_at, order_id)
;
alter table dueline.orders add primary key (tenant_id, order_id)
;
create index orders_of_bin on dueline.orders (tenant_id, bin_id, window_from) where status in ('Scheduled', 'Confirmed')
;
create index orders_of_customer on dueline.orders (listed_under, customer_id)
    where status not in ('Draft', 'Completed', 'Cancelled')
;
create table dueline.snapshots (
    tenant_id uuid not null,
    stream_id uuid not null,
    version integer not null,
    form integer not null,
    state json not null,
    primary key (tenant_id, stream_id)
  ) with (autovacuum_vacuum_scale_factor = 0.05)
;
alter table dueline.customers enable row level security
;
alter table dueline.customers force row level security
;
create policy edge_reads on dueline.customers for select to dueline_edge
    using (tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid))
;
create policy writer_reads on dueline.customers for select to dueline_writer using (true)
;
create policy append_writes on dueline.customers to dueline_append using (true) with check (true)
;
grant select, insert, update on dueline.customers to dueline_append
;
grant select on dueline.customers to dueline_writer
;
alter table dueline.personal_data enable row level security
;
alter table dueline.personal_data force row level security
;
create policy edge_reads on dueline.personal_data for select to dueline_edge
    using (tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid))
;
create policy writer_reads on dueline.personal_data for select to dueline_writer using (true)
;
create policy append_writes on dueline.personal_data to dueline_append using (true) with check (true)
;
grant select, insert, update on dueline.personal_data to dueline_append
;
grant select on dueline.personal_data to dueline_writer
;
alter table dueline.bins enable row level security
;
alter table dueline.bins force row level security
;
create policy edge_reads on dueline.bins for select to dueline_edge
    using (tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid))
;
create policy writer_reads on dueline.bins for select to dueline_writer using (true)
;
create policy append_writes on dueline.bins to dueline_append using (true) with check (true)
;
grant select, insert, update on dueline.bins to dueline_append
;
grant select on dueline.bins to dueline_writer
;
alter table dueline.orders enable row level security
;
alter table dueline.orders force row level security
;
create policy edge_reads on dueline.orders for select to dueline_edge
    using (tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid))
;
create policy writer_reads on dueline.orders for select to dueline_writer using (true)
;
create policy append_writes on dueline.orders to dueline_append using (true) with check (true)
;
grant select, insert, update on dueline.orders to dueline_append
;
grant select on dueline.orders to dueline_writer
;
alter table dueline.snapshots enable row level security
;
alter table dueline.snapshots force row level security
;
create policy edge_reads on dueline.snapshots for select to dueline_edge
    using (tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid))
;
create policy writer_reads on dueline.snapshots for select to dueline_writer using (true)
;
create policy append_writes on dueline.snapshots to dueline_append using (true) with check (true)
;
grant select, insert, update on dueline.snapshots to dueline_append
;
grant select on dueline.snapshots to dueline_writer
;

-- The edge opens profiles; snapshots are the writer's own affair.
grant delete on dueline.personal_data to dueline_append
;
grant select on dueline.customers, dueline.personal_data, dueline.bins, dueline.orders to dueline_edge
;
create function dueline.store_field_rows(p jsonb) returns void language plpgsql as $$
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
revoke all on function dueline.store_field_rows(jsonb) from public
;
grant execute on function dueline.store_field_rows(jsonb) to dueline_append
;
alter function dueline.store_field_rows(jsonb) owner to dueline_append
;
create function dueline.hold_field_rows(p jsonb) returns void language plpgsql as $$
begin
  perform from (select r.t, r.i from jsonb_to_recordset(coalesce(p -> 'fits', '[]')) as r(t uuid, i uuid)
      union select r.t, r.i from jsonb_to_recordset(coalesce(p -> 'unused', '[]')) as r(t uuid, i uuid)
      union select r.tenant_id, r.bin_id from jsonb_to_recordset(coalesce(p -> 'bins', '[]')) as r(tenant_id uuid, bin_id uuid)
      union select r.tenant_id, r.bin_id from jsonb_to_recordset(coalesce(p -> 'orders', '[]')) as r(tenant_id uuid, bin_id uuid) order by 1, 2) q cross join lateral (select from dueline.bins b where b.tenant_id = q.t and b.bin_id = q.i for no key update of b) h;
  perform from (select r.t, r.i from jsonb_to_recordset(coalesce(p -> 'idle', '[]')) as r(t uuid, i uuid)
      union select r.tenant_id, r.customer_id from jsonb_to_recordset(coalesce(p -> 'customers', '[]')) as r(tenant_id uuid, customer_id uuid) order by 1, 2) q cross join lateral (select from dueline.customers c where c.tenant_id = q.t and c.customer_id = q.i for no key update of c) h;
end $$
;
revoke all on function dueline.hold_field_rows(jsonb) from public
;
grant execute on function dueline.hold_field_rows(jsonb) to dueline_append
;
alter function dueline.hold_field_rows(jsonb) owner to dueline_append
;
create function dueline.broken_rule(p jsonb) returns text language plpgsql as $$
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
revoke all on function dueline.broken_rule(jsonb) from public
;
grant execute on function dueline.broken_rule(jsonb) to dueline_append
;
alter function dueline.broken_rule(jsonb) owner to dueline_append
;
create function dueline.commit_field(p jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan as $$
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
revoke all on function dueline.commit_field(jsonb) from public
;
grant execute on function dueline.commit_field(jsonb) to dueline_writer
;
alter function dueline.commit_field(jsonb) owner to dueline_append
;
drop function dueline.load_batch(json)
;
create function dueline.load_batch(p_requests json)
returns table (version integer, snapshot json, events json, sealed text, receipt json) language plpgsql stable set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan as $$
begin
  return query select
    coalesce((
      select e.version from dueline.events e where e.tenant_id = q.t and e.stream_id = q.s order by e.version desc limit 1
    ), 0),
    case when s.version is not null then json_build_object('version', s.version, 'form', s.form, 'state', s.state) end,
    case when q.e then (
      select json_agg(json_build_object(
        'eventId', e.event_id, 'type', e.type, 'eventVersion', e.event_version, 'payload', e.payload, 'metadata', e.metadata,
        'recordedAt', (extract(epoch from e.recorded_at) * 1000)::bigint, 'version', e.version
      ) order by e.version)
      from dueline.events e where e.tenant_id = q.t and e.stream_id = q.s and e.version > coalesce(s.version, 0)
    ) end,
    case when c.call_id is not null then c.sealed else (
      select d.data_key || '.' || d.profile from dueline.personal_data d where d.tenant_id = q.t and d.customer_id = q.s
    ) end,
    case when q.k is not null then (
      select json_build_object('key', r.key, 'fingerprint', r.fingerprint, 'commandType', r.command_type, 'streamId', r.stream_id,
        'version', r.version, 'answer', r.answer)
      from dueline.receipts r where r.tenant_id = q.t and r.key = q.k
    ) end
  from rows from (json_to_recordset(p_requests) as (t uuid, s uuid, k text, e boolean, f integer)) with ordinality as q(t, s, k, e, f, n)
    left join lateral (
      select k.call_id, k.sealed from dueline.service_calls k where k.tenant_id = q.t and k.call_id = q.s limit 1
    ) c on true
    left join lateral (
      select n.version, n.form, n.state from dueline.snapshots n
      where q.e and n.tenant_id = q.t and n.stream_id = q.s and n.form = q.f limit 1
    ) s on true
  order by q.n;
end $$
;
revoke all on function dueline.load_batch(json) from public
;
grant execute on function dueline.load_batch(json) to dueline_writer
;
