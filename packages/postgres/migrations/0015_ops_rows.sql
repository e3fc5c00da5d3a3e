-- Rows of customers, bins and orders as documents: the row as the program writes it, and columns generated from it for what is filtered,
-- sorted, looked up or constrained. A field that nobody asks for by SQL is in the document and nowhere else.
--
-- Programs of the release before go on with the tables they know until step 17; triggers write here what is written there.

-- The table that holds the rows of a kind of aggregate.
create function dueline.rows_table(p_kind text) returns text language sql immutable strict parallel safe
return replace(p_kind, '-', '_') || '_rows'
;
revoke all on function dueline.rows_table(text) from public
;
grant execute on function dueline.rows_table(text) to dueline_append, dueline_edge
;

-- Makes that table, with its list and its rights. Its key is part of the document too, so that a row cannot lie where it says it is not; p_id is the
-- member that holds the id. p_columns are the kind's own columns, generated from `row`, and its constraints: one that is the
-- rule of the program has the rule's name. An expression must be immutable: `->>`, `#>>`, casts of text to numbers and ids are.
--
-- No plan for a row by its id may become a walk through a list. Hence listed_under, a copy of the tenant; an index of a kind begins with what
-- it looks for. And while a table has one row all its indexes cost the planner the same: the youngest wins, so the primary key comes last.
create function dueline.make_rows_table(p_kind text, p_id text, p_columns text) returns void language plpgsql set search_path = pg_catalog, pg_temp as $make$
declare
  v_table text := dueline.rows_table(p_kind);
begin
  execute format($sql$create table dueline.%I (
      tenant_id uuid not null generated always as ((row ->> 'tenantId')::uuid) stored,
      id uuid not null generated always as ((row ->> %L)::uuid) stored,
      row json not null,
      version integer not null generated always as ((row ->> 'version')::integer) stored,
      created_at bigint not null generated always as ((row ->> 'createdAt')::bigint) stored,
      updated_at bigint not null generated always as ((row ->> 'updatedAt')::bigint) stored,
      listed_under uuid not null generated always as ((row ->> 'tenantId')::uuid) stored,
      %s
    ) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)$sql$, v_table, p_id, p_columns);
  execute format('create index %I on dueline.%I (listed_under, created_at, id)', v_table || '_list', v_table);
  execute format('alter table dueline.%I add primary key (tenant_id, id)', v_table);
  execute format('alter table dueline.%I enable row level security', v_table);
  execute format('alter table dueline.%I force row level security', v_table);
  execute format($sql$create policy edge_reads on dueline.%I for select to dueline_edge
    using (tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid))$sql$, v_table);
  execute format('create policy writer_reads on dueline.%I for select to dueline_writer using (true)', v_table);
  execute format('create policy append_writes on dueline.%I to dueline_append using (true) with check (true)', v_table);
  execute format('grant select, insert, update, delete on dueline.%I to dueline_append', v_table);
  execute format('grant select on dueline.%I to dueline_writer, dueline_edge', v_table);
end $make$
;
revoke all on function dueline.make_rows_table(text, text, text) from public
;
select dueline.make_rows_table('customer', 'customerId', $$
  status text not null generated always as (row ->> 'status') stored,
  erased_at bigint generated always as ((row ->> 'erasedAt')::bigint) stored
$$)
;
select dueline.make_rows_table('bin', 'binId', $$
  serial_number text not null generated always as (row ->> 'serialNumber') stored,
  category text not null generated always as (row ->> 'category') stored,
  size_litres integer not null generated always as ((row ->> 'sizeLitres')::integer) stored,
  capacity_litres integer not null generated always as ((row ->> 'capacityLitres')::integer) stored,
  status text not null generated always as (row ->> 'status') stored,
  lat double precision generated always as ((row #>> '{location,lat}')::double precision) stored,
  lon double precision generated always as ((row #>> '{location,lon}')::double precision) stored check ((lat is null) = (lon is null)),
  lat_cell smallint generated always as (floor(((row #>> '{location,lat}')::double precision + 90) * 20)::smallint) stored,
  customer_id uuid generated always as ((row ->> 'customerId')::uuid) stored,
  constraint serial_taken unique (serial_number, tenant_id) deferrable initially immediate
$$)
;

-- Strips of a twentieth of a degree, 5.6 km from south to north, each in order of longitude.
create index bin_rows_near on dueline.bin_rows (listed_under, lat_cell, lon, lat) where lat is not null
;
do $$
declare
  v_home name := (select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'postgis');
begin
  if to_regclass('dueline.bins_geography') is not null then
    execute format($index$create index bin_rows_geography on dueline.bin_rows
      using gist (listed_under, (%1$I.geography(%1$I.st_setsrid(%1$I.st_makepoint(lon, lat), 4326)))) where lat is not null$index$, v_home);
  end if;
end $$
;

-- Windows of one bin are kept apart as before: without an extension only ranges can be compared in such a constraint, hence bin and tenant
-- as ranges of one number. Judged at the end of a statement, so that two orders can swap their windows in one.
select dueline.make_rows_table('order', 'orderId', $$
  customer_id uuid not null generated always as ((row ->> 'customerId')::uuid) stored,
  bin_id uuid not null generated always as ((row ->> 'binId')::uuid) stored,
  kind text not null generated always as (row ->> 'kind') stored,
  status text not null generated always as (row ->> 'status') stored,
  window_from bigint generated always as ((row #>> '{window,from}')::bigint) stored,
  window_to bigint generated always as ((row #>> '{window,to}')::bigint) stored,
  ended_at bigint generated always as ((row ->> 'endedAt')::bigint) stored,
  constraint order_rows_hold check (not status in ('Scheduled', 'Confirmed') or (window_from is not null and window_to is not null and window_from < window_to)),
  constraint window_taken exclude using gist (
    int8range(dueline.half(bin_id, 0), dueline.half(bin_id, 0), '[]') with =, int8range(dueline.half(bin_id, 1), dueline.half(bin_id, 1), '[]') with =, int8range(dueline.half(tenant_id, 0), dueline.half(tenant_id, 0), '[]') with =, int8range(dueline.half(tenant_id, 1), dueline.half(tenant_id, 1), '[]') with =,
    int8range(window_from, window_to) with &&
  ) where (status in ('Scheduled', 'Confirmed') and window_from is not null) deferrable initially immediate
$$)
;

-- That what is looked for is not null follows from the comparison with it, and keeps the planner from taking another index for the right one, the
-- constraint's included: it may believe that each holds one entry.
create index order_rows_of_bin on dueline.order_rows (bin_id, tenant_id, window_from)
  where status in ('Scheduled', 'Confirmed') and bin_id is not null
;
create index order_rows_of_customer on dueline.order_rows (customer_id, tenant_id)
  where status in ('Scheduled', 'Confirmed') and customer_id is not null
;

-- `->>` reads a whole document and refuses one with U+0000 or half of a surrogate pair in it, escaped, wherever that stands. Contents that
-- were kept with such characters get U+FFFD in their place, as text columns always did.
create function dueline.storable_json(p json) returns json language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
  select case when p::text !~ '\\u(?:0000|[dD][89a-fA-F])' then p else regexp_replace(regexp_replace(regexp_replace(p::text,
    '(?<!\\)((?:\\\\)*)\\u0000', '\1\\ufffd', 'g'),
    '(?<!\\)((?:\\\\)*)\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])', '\1\\ufffd', 'g'),
    '(?<!\\)(?<!\\u[dD][89abAB][0-9a-fA-F]{2})((?:\\\\)*)\\u[dD][c-fC-F][0-9a-fA-F]{2}', '\1\\ufffd', 'g')::json end
$$
;

-- Statement by statement, so that rows which exchange what only one may have are judged together here too.
create function dueline.mirror_customers() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'DELETE' then
    delete from dueline.customer_rows r using gone g where r.tenant_id = g.tenant_id and r.id = g.customer_id;
  else
    insert into dueline.customer_rows (row)
      select json_build_object('_tag', 'CustomerRow', 'tenantId', c.tenant_id, 'customerId', c.customer_id,
        'version', c.version, 'status', c.status, 'createdAt', c.created_at, 'updatedAt', c.updated_at, 'erasedAt', c.erased_at,
        'correlationId', c.correlation_id)
      from changed c order by c.tenant_id, c.customer_id
      on conflict (tenant_id, id) do update set row = excluded.row;
  end if;
  return null;
end $$
;
create function dueline.mirror_bins() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'DELETE' then
    delete from dueline.bin_rows r using gone g where r.tenant_id = g.tenant_id and r.id = g.bin_id;
  else
    insert into dueline.bin_rows (row)
      select json_build_object('_tag', 'BinRow', 'tenantId', c.tenant_id, 'binId', c.bin_id,
        'version', c.version, 'status', c.status, 'createdAt', c.created_at, 'updatedAt', c.updated_at, 'correlationId', c.correlation_id,
        'serialNumber', c.serial_number, 'category', c.category, 'sizeLitres', c.size_litres, 'capacityLitres', c.capacity_litres,
        'customerId', c.customer_id, 'location', case when c.lat is not null then json_build_object('lat', c.lat, 'lon', c.lon) end)
      from changed c order by c.tenant_id, c.bin_id
      on conflict (tenant_id, id) do update set row = excluded.row;
  end if;
  return null;
end $$
;
create function dueline.mirror_orders() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'DELETE' then
    delete from dueline.order_rows r using gone g where r.tenant_id = g.tenant_id and r.id = g.order_id;
  else
    insert into dueline.order_rows (row)
      select json_build_object('_tag', 'OrderRow', 'tenantId', c.tenant_id, 'orderId', c.order_id,
        'version', c.version, 'status', c.status, 'createdAt', c.created_at, 'updatedAt', c.updated_at, 'correlationId', c.correlation_id,
        'customerId', c.customer_id, 'binId', c.bin_id, 'kind', c.kind, 'items', dueline.storable_json(c.items),
        'notifications', dueline.storable_json(c.notifications), 'endedAt', c.ended_at,
        'window', case when c.window_from is not null then json_build_object('from', c.window_from, 'to', c.window_to) end)
      from changed c order by c.tenant_id, c.order_id
      on conflict (tenant_id, id) do update set row = excluded.row;
  end if;
  return null;
end $$
;

-- Waits for the transactions that are writing these tables and lets the next ones write both.
do $$
declare
  v_table text;
begin
  foreach v_table in array array['bins', 'customers', 'orders'] loop
    execute format('revoke all on function dueline.%I() from public', 'mirror_' || v_table);
    execute format('create trigger mirror_insert after insert on dueline.%I referencing new table as changed
      for each statement execute function dueline.%I()', v_table, 'mirror_' || v_table);
    execute format('create trigger mirror_update after update on dueline.%I referencing new table as changed
      for each statement execute function dueline.%I()', v_table, 'mirror_' || v_table);
    execute format('create trigger mirror_delete after delete on dueline.%I referencing old table as gone
      for each statement execute function dueline.%I()', v_table, 'mirror_' || v_table);
  end loop;
end $$
;
revoke all on function dueline.storable_json(json) from public
;
grant execute on function dueline.storable_json(json) to dueline_append
;

-- How far the rows that were there before the triggers have been copied.
create table dueline.ops_rows_fill (
  kind text primary key,
  tenant_id uuid not null default '00000000-0000-0000-0000-000000000000',
  id uuid not null default '00000000-0000-0000-0000-000000000000',
  done boolean not null default false
)
;
alter table dueline.ops_rows_fill enable row level security
;
alter table dueline.ops_rows_fill force row level security
;
create policy append_writes on dueline.ops_rows_fill to dueline_append using (true) with check (true)
;
grant select, update on dueline.ops_rows_fill to dueline_append
;
insert into dueline.ops_rows_fill (kind) values ('bin'), ('customer'), ('order')
;

-- Touches the next rows of one table in order of their keys, under their locks, so that the trigger copies them; says how many that were.
-- 0 when every row has been copied. The mark is part of the transaction: one that is cut short is done again.
create function dueline.fill_ops_rows(p_limit integer) returns integer language plpgsql security definer set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off as $$
declare
  v_fill record;
  v_last record;
begin
  for v_fill in select * from dueline.ops_rows_fill f where not f.done order by f.kind for update loop
    execute format($fill$
      with next as materialized (
        select o.tenant_id, o.%2$I as id from dueline.%1$I o where (o.tenant_id, o.%2$I) > ($1, $2)
          order by o.tenant_id, o.%2$I limit $3 for no key update
      ), touched as (
        update dueline.%1$I o set version = o.version from next n where o.tenant_id = n.tenant_id and o.%2$I = n.id
      )
      select count(*)::integer as n, (array_agg(n.tenant_id order by n.tenant_id desc, n.id desc))[1] as tenant_id,
        (array_agg(n.id order by n.tenant_id desc, n.id desc))[1] as id from next n$fill$, v_fill.kind || 's', v_fill.kind || '_id')
      into v_last using v_fill.tenant_id, v_fill.id, p_limit;
    if v_last.n > 0 then
      update dueline.ops_rows_fill f set tenant_id = v_last.tenant_id, id = v_last.id where f.kind = v_fill.kind;
      return v_last.n;
    end if;
    update dueline.ops_rows_fill f set done = true where f.kind = v_fill.kind;
  end loop;
  return 0;
end $$
;
revoke all on function dueline.fill_ops_rows(integer) from public
;
alter function dueline.fill_ops_rows(integer) owner to dueline_append
;

-- Throws when a row of the old tables is not in the new ones at the same version.
create function dueline.check_ops_rows() returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_kind text;
  v_missing boolean;
begin
  for v_kind in select f.kind from dueline.ops_rows_fill f loop
    execute format('select exists (select from dueline.%1$I o where not exists (
        select from dueline.%3$I r where r.tenant_id = o.tenant_id and r.id = o.%2$I and r.version = o.version))',
      v_kind || 's', v_kind || '_id', v_kind || '_rows') into v_missing;
    if v_missing then
      raise exception 'rows of dueline.% are missing in dueline.%', v_kind || 's', v_kind || '_rows';
    end if;
  end loop;
end $$
;
revoke all on function dueline.check_ops_rows() from public
;
alter function dueline.check_ops_rows() owner to dueline_append
;
