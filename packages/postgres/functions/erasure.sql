-- What is left of a tenant that is deleted, page by page, and the removal of each page. Who holds the tenant's row in tenant_erasures does it; others
-- are told that somebody is at it.

-- The tables whose rows go one by one: all that have a tenant, but those that finish_erasure and erase_streams see to. Those that point at
-- another come before it, so that no page takes more with it than it has.
--
-- callers: none
-- owner: dueline_append
create or replace function dueline.tenant_tables() returns setof name
language sql stable set search_path = pg_catalog, pg_temp as $$
  select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    where c.relnamespace = 'dueline'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname not in ('events', 'audit_entries', 'tenants', 'tenant_rows', 'tenant_erasures', 'overview_progress', 'call_counts',
        'call_minutes', 'call_failures')
    order by exists (select from pg_constraint k where k.confrelid = c.oid), c.relname
$$
;

-- The tenants that are being deleted, and those that were after p_since: a message that was on its way may have left something there.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.erasing_tenants(p_since bigint)
returns table (tenant_id uuid, begun_at bigint, begun boolean, exported boolean, erased_at bigint, streams bigint, events bigint, others bigint)
language plpgsql stable security definer {{stable plan}} as $$
begin
  return query
    select r.tenant_id, coalesce((r.row #>> '{deletion,begunAt}')::bigint, e.begun_at), e.tenant_id is not null,
        coalesce((r.row #>> '{deletion,exported}')::boolean, false),
        e.erased_at, coalesce(e.streams, 0), coalesce(e.events, 0), coalesce(e.others, 0)
      from dueline.tenant_rows r left join dueline.tenant_erasures e on e.tenant_id = r.tenant_id
      where r.status <> 'Active' and r.id = r.tenant_id and (r.status = 'Deleting' or r.status = 'Deleted' and e.erased_at > p_since);
end $$
;

-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.begin_erasure(p_tenant uuid, p_at bigint) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into dueline.tenant_erasures (tenant_id, begun_at) values (p_tenant, p_at) on conflict (tenant_id) do nothing
$$
;

-- The next of its streams, its own left out. Read with outlived_events.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.streams_to_erase(p_tenant uuid, p_after uuid, p_limit integer) returns uuid[]
language plpgsql stable security definer {{stable plan}} set enable_hashagg = off as $$
begin
  return array(
    select e.stream_id from dueline.events e where e.tenant_id = p_tenant and e.stream_id > p_after and e.stream_id <> p_tenant
    group by e.stream_id order by e.stream_id limit p_limit);
end $$
;

-- What lies sealed beside these streams, for who exports it in clear. The kind says what it is bound to.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.sealed_to_erase(p_tenant uuid, p_ids uuid[]) returns table (id uuid, kind text, sealed text)
language plpgsql stable security definer {{stable plan}} as $$
begin
  return query
    select c.call_id, 'service-call', c.sealed
      from unnest(p_ids) i(id) join dueline.service_calls c on c.tenant_id = p_tenant and c.call_id = i.id where c.sealed is not null
    union all
    select d.customer_id, e.category, d.data_key || '.' || d.profile
      from unnest(p_ids) i(id) join dueline.personal_data d on d.tenant_id = p_tenant and d.customer_id = i.id
        join dueline.events e on e.tenant_id = p_tenant and e.stream_id = i.id and e.version = 1;
end $$
;

-- Whole streams with all that stands beside them. Those that are not sealed as they are stay: `waiting` says how many events are yet to be sealed, `altered`
-- how many are not what was sealed.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.erase_streams(p_tenant uuid, p_ids uuid[], p_at bigint) returns json
language plpgsql security definer {{stable plan}} as $$
declare
  v_whole uuid[];
  v_leaves bigint[];
  v_waiting bigint;
  v_altered bigint;
  v_table name;
begin
  perform from dueline.tenant_erasures t where t.tenant_id = p_tenant for update skip locked;
  if not found then
    return json_build_object('busy', true, 'removed', 0, 'waiting', 0, 'altered', 0);
  end if;
  with found as materialized (
    select l.*, l.leaf is null and (l.xact, l.log_position) > (r.event_xact, r.event_position) as waits
      from dueline.leaves_of(p_tenant, p_ids) l cross join dueline.audit_tree r
  ), whole as materialized (
    select f.stream_id from found f group by f.stream_id having bool_and(f.leaf is not null)
  )
  select (select array_agg(w.stream_id) from whole w), array_agg(f.leaf) filter (where w.stream_id is not null),
      count(*) filter (where f.waits), count(*) filter (where f.leaf is null and not f.waits)
    into v_whole, v_leaves, v_waiting, v_altered
    from found f left join whole w on w.stream_id = f.stream_id;
  if v_whole is not null then
    perform dueline.remove_streams(p_tenant, v_whole, v_leaves, 'tenant', p_at);
    delete from dueline.service_calls c using unnest(v_whole) k(id) where c.tenant_id = p_tenant and c.call_id = k.id;
    delete from dueline.personal_data d using unnest(v_whole) k(id) where d.tenant_id = p_tenant and d.customer_id = k.id;
    for v_table in
      select t.name from dueline.tenant_tables() t(name) where exists (
        select from pg_attribute a where a.attrelid = format('dueline.%I', t.name)::regclass and a.attname = 'row')
    loop
      execute format('delete from dueline.%I r using unnest($2) k(id) where r.tenant_id = $1 and r.id = k.id', v_table) using p_tenant, v_whole;
    end loop;
    update dueline.tenant_erasures t set streams = t.streams + cardinality(v_whole), events = t.events + cardinality(v_leaves)
      where t.tenant_id = p_tenant;
  end if;
  return json_build_object('busy', false, 'removed', coalesce(cardinality(v_whole), 0), 'waiting', v_waiting, 'altered', v_altered);
end $$
;

-- The next rows of the first table that has any, with their places; null when none has.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.rows_to_erase(p_tenant uuid, p_limit integer) returns json
language plpgsql stable security definer {{stable plan}} as $$
declare
  v_table name;
  v_found json;
begin
  for v_table in select * from dueline.tenant_tables() loop
    execute format('select json_build_object(''table'', %L, ''oids'', json_agg(r.o::text), ''places'', json_agg(r.c::text), ''lines'', json_agg(r.line))
      from (select t.tableoid as o, t.ctid as c, json_build_object(''table'', %L, ''row'', to_json(t))::text as line
        from dueline.%I t where t.tenant_id = $1 limit $2) r having count(*) > 0', v_table, v_table, v_table) into v_found using p_tenant, p_limit;
    if v_found is not null then
      return v_found;
    end if;
  end loop;
  return null;
end $$
;

-- The rows at these places; one that has moved meanwhile stays, and is found again.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.erase_rows(p_tenant uuid, p_table name, p_oids oid[], p_places tid[]) returns json
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_removed bigint;
begin
  perform from dueline.tenant_erasures t where t.tenant_id = p_tenant for update skip locked;
  if not found then
    return json_build_object('busy', true, 'removed', 0);
  end if;
  if p_table not in (select * from dueline.tenant_tables()) then
    raise exception 'no table of tenants: %', p_table;
  end if;
  execute format('delete from dueline.%I t where t.tenant_id = $1 and t.ctid = any ($3)
    and (t.tableoid, t.ctid) in (select * from unnest($2, $3))', p_table) using p_tenant, p_oids, p_places;
  get diagnostics v_removed = row_count;
  update dueline.tenant_erasures t set others = t.others + v_removed where t.tenant_id = p_tenant;
  return json_build_object('busy', false, 'removed', v_removed);
end $$
;

-- Its oldest audit entries.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.entries_to_erase(p_tenant uuid, p_limit integer) returns table (place bigint, line text)
language plpgsql stable security definer {{stable plan}} as $$
begin
  return query
    select a.position, json_build_object('table', 'audit_entries', 'row', to_json(a))::text
      from dueline.audit_entries a where a.tenant_id = p_tenant order by a.xact, a.position limit p_limit;
end $$
;

-- Those at these places, as far as they are found in the tree: entries lie there in the order in which they were written, so both are walked once, a bounded
-- number of tiles at a time. `more`: there are further tiles to look at.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.erase_entries(p_tenant uuid, p_places bigint[], p_at bigint) returns json
language plpgsql security definer {{stable plan}} as $$
declare
  v_from bigint;
  v_end bigint;
  v_at bigint;
  v_hashes bytea[];
  v_positions bigint[];
  v_sealed boolean[];
  v_n integer := 1;
  v_tile record;
  v_place integer;
  v_skip integer;
  v_leaves bigint[] := '{}';
  v_walked integer := 0;
begin
  select t.entry_tile into v_from from dueline.tenant_erasures t where t.tenant_id = p_tenant for update skip locked;
  if not found then
    return json_build_object('busy', true, 'removed', 0, 'waiting', 0, 'altered', 0, 'more', false);
  end if;
  select (r.size - 1) / 256 into v_end from dueline.audit_tree r;
  select array_agg(sha256('\x00'::bytea || convert_to(dueline.entry_leaf(a), 'UTF8')) order by a.xact, a.position),
      array_agg(a.position order by a.xact, a.position),
      array_agg((a.xact, a.position) <= (r.entry_xact, r.entry_position) order by a.xact, a.position)
    into v_hashes, v_positions, v_sealed
    from dueline.audit_entries a cross join dueline.audit_tree r where a.tenant_id = p_tenant and a.position = any (p_places);
  v_at := v_from;
  for v_tile in
    select t.tile, t.hashes || ''::bytea as hashes from dueline.audit_tiles t where t.tile >= v_from order by t.tile limit 1024
  loop
    v_walked := v_walked + 1;
    v_at := v_tile.tile;
    v_skip := 0;
    while v_n <= cardinality(v_hashes) loop
      v_place := position(v_hashes[v_n] in substr(v_tile.hashes, v_skip + 1));
      exit when v_place = 0 or (v_place - 1) % 32 <> 0;
      v_skip := v_skip + v_place - 1 + 32;
      v_leaves := v_leaves || (v_tile.tile * 256 + v_skip / 32 - 1);
      v_n := v_n + 1;
    end loop;
    exit when v_n > cardinality(v_hashes);
  end loop;
  if cardinality(v_leaves) > 0 then
    perform dueline.note_removed_leaves(v_leaves, 'tenant', p_at);
    perform set_config('dueline.removing', pg_current_xact_id()::text, true);
    delete from dueline.audit_entries a where a.tenant_id = p_tenant and a.position = any (v_positions[1:cardinality(v_leaves)]);
    perform set_config('dueline.removing', '', true);
  end if;
  -- What is not sealed yet comes into the last tile at the soonest.
  update dueline.tenant_erasures t set entry_tile = v_at, others = t.others + cardinality(v_leaves) where t.tenant_id = p_tenant;
  return json_build_object('busy', false, 'removed', cardinality(v_leaves), 'more', v_walked = 1024 and v_at < v_end,
    'waiting', (select count(*) from unnest(v_sealed[v_n:]) s(done) where not s.done),
    'altered', case when v_walked = 1024 and v_at < v_end then 0 else (select count(*) from unnest(v_sealed[v_n:]) s(done) where s.done) end);
end $$
;

-- When nothing of it is left but its own events: takes them too, and its part of what is counted of all, and leaves one event and one row that say that it
-- was deleted, for ever. p_settled: since then nobody can have written anything for it. Of one that was deleted before, or of which nothing was
-- known, only what is missing is done.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.finish_erasure(p_tenant uuid, p_at bigint, p_settled bigint) returns text
language plpgsql security definer {{stable plan}} as $$
declare
  v_nil constant uuid := '00000000-0000-0000-0000-000000000000';
  v_name constant text := 'deleted-' || p_tenant;
  v_id uuid;
  v_table name;
  v_found boolean;
  v_leaves bigint[];
  v_unsealed boolean;
  v_status text;
begin
  perform from dueline.tenant_erasures t where t.tenant_id = p_tenant for update skip locked;
  if not found then
    return 'busy';
  end if;
  select r.status into v_status from dueline.tenant_rows r where r.tenant_id = p_tenant and r.id = p_tenant;
  if v_status = 'Active' or v_status = 'Suspended' then
    raise exception 'tenant % is not being deleted', p_tenant;
  end if;
  -- Nobody counts meanwhile.
  perform from dueline.overview_progress p for update;
  if exists (select from dueline.events e where e.tenant_id = p_tenant and e.stream_id <> p_tenant)
      or exists (select from dueline.audit_entries a where a.tenant_id = p_tenant) then
    return 'more';
  end if;
  for v_table in select * from dueline.tenant_tables() loop
    execute format('select exists (select from dueline.%I t where t.tenant_id = $1)', v_table) into v_found using p_tenant;
    if v_found then
      return 'more';
    end if;
  end loop;

  update dueline.call_counts k set n = k.n - g.n from dueline.call_counts g
    where g.tenant_id = p_tenant and k.tenant_id = v_nil and k.status = g.status;
  delete from dueline.call_counts k where k.tenant_id = p_tenant;
  update dueline.call_minutes m set submitted = m.submitted - g.submitted, succeeded = m.succeeded - g.succeeded, failed = m.failed - g.failed,
      cancelled = m.cancelled - g.cancelled, attempts_failed = m.attempts_failed - g.attempts_failed
    from dueline.call_minutes g where g.tenant_id = p_tenant and m.tenant_id = v_nil and m.minute = g.minute;
  delete from dueline.call_minutes m where m.tenant_id = p_tenant;
  update dueline.call_failures f set n = f.n - g.n from dueline.call_failures g
    where g.tenant_id = p_tenant and f.tenant_id = v_nil and f.minute = g.minute and f.target = g.target and f.reason = g.reason;
  -- Of all tenants together, a target stays when another tenant has it too.
  delete from dueline.call_failures f where f.tenant_id = v_nil and f.target <> '' and not exists (
    select from dueline.call_failures o where o.tenant_id not in (v_nil, p_tenant) and o.minute = f.minute and o.target = f.target);
  delete from dueline.call_failures f where f.tenant_id = p_tenant;
  if v_status = 'Deleted' then
    return 'done';
  end if;
  if exists (select from dueline.tenant_erasures t where t.tenant_id = p_tenant and t.begun_at > p_settled) and v_status is not null then
    return 'waiting';
  end if;

  select array_agg(l.leaf), bool_or(l.leaf is null) into v_leaves, v_unsealed from dueline.leaves_of(p_tenant, array[p_tenant]) l;
  if v_unsealed then
    return 'waiting';
  end if;
  if v_leaves is not null then
    perform dueline.remove_streams(p_tenant, array[p_tenant], v_leaves, 'tenant', p_at);
  end if;
  delete from dueline.tenant_rows r where r.tenant_id = p_tenant;
  delete from dueline.tenants n where n.tenant_id = p_tenant;
  v_id := (lpad(to_hex(p_at), 12, '0') || '7' || substr(md5(v_name), 14, 3) || '8' || substr(md5(v_name), 18, 15))::uuid;
  insert into dueline.events (tenant_id, stream_id, version, category, event_id, type, event_version, payload, metadata, recorded_at)
    values (p_tenant, p_tenant, 1, 'tenant', v_id, 'TenantErased', 1,
      json_build_object('_tag', 'TenantErased', 'workspace', v_name, 'erasedAt', p_at),
      json_build_object('commandId', 'erase-tenant:' || p_tenant, 'correlationId', '0',
        'actor', json_build_object('kind', 'system', 'id', 'erasure'), 'traceparent', null),
      to_timestamp(p_at / 1000.0));
  insert into dueline.tenant_rows (row)
    values (json_build_object('_tag', 'TenantRow', 'tenantId', p_tenant, 'workspaceId', p_tenant, 'version', 1, 'workspace', v_name, 'name', v_name,
      'status', 'Deleted', 'suspendedReason', null, 'createdAt', p_at, 'updatedAt', p_at, 'correlationId', '0'));
  insert into dueline.outbox (tenant_id, event_id, stream_id, topic, payload)
    values (p_tenant, v_id, p_tenant, 'ops.tenant.deleted', json_build_object('schemaVersion', 1, 'tenantId', p_tenant, 'version', 1,
      'tenant', json_build_object('tenantName', v_name, 'workspace', v_name, 'status', 'Deleted', 'suspendedReason', null, 'createdAt', p_at,
        'updatedAt', p_at), 'occurredAt', p_at, 'correlationId', '0'));
  update dueline.tenant_erasures t set erased_at = p_at, events = t.events + coalesce(cardinality(v_leaves), 0) where t.tenant_id = p_tenant;
  return 'done';
end $$
;
