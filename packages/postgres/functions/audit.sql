-- Audit entries, leaves of the tree over them and the events, and what is sealed of it.

-- A leaf is what is hashed of a row: one line of JSON, with the row's own JSON as it lies there, so that another byte is another leaf. Between the
-- parts of JSON a line feed means as much as a blank. Categories and types are words of the program, without quotes. Transaction and position are left out: a copy of the database may number them anew.
--
-- callers: dueline_append, dueline_writer
create or replace function dueline.event_leaf(e dueline.events) returns text language sql stable as $$
  select '["event/1","' || e.tenant_id || '","' || e.stream_id || '",' || e.version || ',"' || e.category || '","' || e.event_id || '","'
    || e.type || '",' || e.event_version || ',' || (date_part('epoch', e.recorded_at) * 1000000)::bigint || ','
    || replace(e.payload::text || ',' || e.metadata::text, E'\n', ' ') || ']'
$$
;

-- callers: dueline_append, dueline_writer
create or replace function dueline.entry_leaf(a dueline.audit_entries) returns text language sql stable as $$
  select '["entry/1","' || a.tenant_id || '",' || a.recorded_at || ',' || to_json(a.actor_kind) || ',' || to_json(a.actor_id) || ','
    || to_json(a.action) || ',' || coalesce(to_json(a.resource)::text, 'null') || ',' || to_json(a.outcome) || ','
    || coalesce(to_json(a.code)::text, 'null') || ',' || to_json(a.correlation_id) || ',' || a.count || ']'
$$
;

-- Leaves of events, as `log_page` gives them.
--
-- callers: dueline_writer, dueline_append
-- owner: dueline_append
create or replace function dueline.event_leaves(p_from bigint, p_xact bigint, p_position bigint, p_limit integer)
returns table (leaf_xact xid8, leaf_position bigint, leaf text)
language plpgsql stable security definer {{stable plan}} as $$
begin
  return query
    select e.xact, e.position, dueline.event_leaf(e) from dueline.log_page(p_from, p_xact, p_position, p_limit) e
    order by e.xact, e.position;
end $$
;

-- callers: dueline_writer, dueline_append
-- owner: dueline_append
create or replace function dueline.entry_leaves(p_xact bigint, p_position bigint, p_limit integer)
returns table (leaf_xact xid8, leaf_position bigint, leaf text)
language plpgsql stable security definer {{stable plan}} as $$
begin
  return query
    select a.xact, a.position, dueline.entry_leaf(a) from dueline.audit_entries a
    where (a.xact, a.position) > (p_xact::text::xid8, p_position) and a.xact < pg_snapshot_xmin(pg_current_snapshot())
    order by a.xact, a.position limit p_limit;
end $$
;

-- The tree as it stands, the latest checkpoint, and the hashes of leaves that are not in it: entries and events, p_limit of each at the most. `next`:
-- where a look that begins there misses nothing.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.unsealed(p_from bigint, p_limit integer) returns json
language plpgsql stable security definer {{stable plan}} as $$
declare
  v_tree dueline.audit_tree;
  v_entries json;
  v_events json;
  v_places tid[];
  v_count integer;
  v_last text;
begin
  select t.* into v_tree from dueline.audit_tree t;
  v_places := dueline.log_places(p_from, v_tree.event_xact::text::bigint, v_tree.event_position, p_limit);
  -- All in one order, so that it is made once.
  select json_build_object('count', count(*),
      'hashes', coalesce(encode(string_agg(sha256('\x00'::bytea || convert_to(l.leaf, 'UTF8')), ''::bytea order by l.leaf_xact, l.leaf_position), 'hex'), ''),
      'transaction', max(l.leaf_xact)::text, 'position', (array_agg(l.leaf_position order by l.leaf_xact, l.leaf_position))[count(*)]) into v_entries
    from dueline.entry_leaves(v_tree.entry_xact::text::bigint, v_tree.entry_position, p_limit) l;
  -- Hashed before they are put in order: a leaf is long, its hash is not.
  select count(*), max(l.xact)::text, json_build_object('count', count(*),
      'hashes', coalesce(encode(string_agg(l.hash, ''::bytea order by l.xact, l.position), 'hex'), ''),
      'transaction', max(l.xact)::text, 'position', (array_agg(l.position order by l.xact, l.position))[count(*)])
    into v_count, v_last, v_events
    from (
      select e.xact, e.position, sha256('\x00'::bytea || convert_to(dueline.event_leaf(e), 'UTF8')) as hash
      from dueline.events e where e.ctid = any (v_places) offset 0
    ) l;
  return json_build_object('size', v_tree.size, 'peaks', encode(v_tree.peaks, 'hex'), 'entries', v_entries, 'events', v_events,
    'next', case when v_count < p_limit then pg_snapshot_xmin(pg_current_snapshot())::text else v_last end,
    'now', floor(date_part('epoch', clock_timestamp()) * 1000),
    'signed', (select json_build_object('size', c.size, 'at', c.signed_at) from dueline.audit_checkpoints c order by c.size desc limit 1));
end $$
;

-- Puts leaves at the end of the tree, if it is still as large as the caller has seen it; false if not, and nothing is done. A part for each tile that
-- they come into.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.seal(
  p_size float8, p_to float8, p_peaks text, p_tiles json, p_event_xact text, p_event_position float8, p_entry_xact text, p_entry_position float8
) returns boolean language plpgsql security definer {{stable plan}} as $$
begin
  update dueline.audit_tree t set size = p_to::bigint, peaks = decode(p_peaks, 'hex'), sealed_at = clock_timestamp(),
      event_xact = coalesce(p_event_xact::xid8, t.event_xact), event_position = coalesce(p_event_position::bigint, t.event_position),
      entry_xact = coalesce(p_entry_xact::xid8, t.entry_xact), entry_position = coalesce(p_entry_position::bigint, t.entry_position)
    where t.only_row and t.size = p_size::bigint;
  if not found then
    return false;
  end if;
  insert into dueline.audit_tiles as t (tile, hashes, kinds, event_xact, event_position)
    select u.tile, decode(u.hashes, 'hex'), u.kinds, r.event_xact, r.event_position
    from json_to_recordset(p_tiles) as u(tile bigint, hashes text, kinds text) cross join dueline.audit_tree r
    on conflict (tile) do update set hashes = t.hashes || excluded.hashes, kinds = t.kinds || excluded.kinds,
      event_xact = excluded.event_xact, event_position = excluded.event_position;
  return true;
end $$
;

-- Of one size the first stays.
--
-- callers: dueline_worker, dueline_writer
-- owner: dueline_append
create or replace function dueline.keep_checkpoint(p_size float8, p_at float8, p_note text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into dueline.audit_checkpoints (size, signed_at, note) values (p_size::bigint, p_at::bigint, p_note) on conflict (size) do nothing
$$
;

-- Of one key the first stays.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.keep_succession(p_key text, p_note text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into dueline.audit_successions (key, note) values (p_key, p_note) on conflict (key) do nothing
$$
;

-- callers: dueline_ingest, dueline_writer
-- owner: dueline_append
create or replace function dueline.append_audit(p_entries json) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into dueline.audit_entries (tenant_id, recorded_at, actor_kind, actor_id, action, resource, outcome, code, correlation_id, count)
    select e.tenant, e.at, e.actor_kind, e.actor_id, e.action, e.resource, e.outcome, e.code, e.correlation, e.count
    from json_to_recordset(p_entries) as e(tenant uuid, at bigint, actor_kind text, actor_id text, action text, resource text, outcome text,
      code text, correlation text, count integer)
$$
;

-- For whoever removes what was kept long enough, in the transaction that removes it: marks the leaves from p_from to p_last as removed and makes the
-- entry by which that is known. Their hashes stay.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.note_removal(p_from float8, p_last float8, p_why text, p_at float8) returns void
language plpgsql security definer {{stable plan}} as $$
begin
  update dueline.audit_tiles t
    set kinds = left(t.kinds, r.first) || upper(substr(t.kinds, r.first + 1, r.last - r.first + 1)) || substr(t.kinds, r.last + 2)
    from (select g.tile, greatest(p_from::bigint - g.tile * 256, 0)::integer as first, least(p_last::bigint - g.tile * 256, 255)::integer as last
      from generate_series(p_from::bigint / 256, p_last::bigint / 256) g(tile)) r
    where t.tile = r.tile;
  insert into dueline.audit_entries (tenant_id, recorded_at, actor_kind, actor_id, action, resource, outcome, code, correlation_id, count)
    values ('00000000-0000-0000-0000-000000000000', p_at::bigint, 'system', 'retention', 'leaves.remove',
      'leaves:' || p_from::bigint || '-' || p_last::bigint, 'done', p_why, '0', 1);
end $$
;

-- A transaction below which nothing was recorded since p_at, as far as the tree tells: tiles have the transaction of their last event. 0 where that is
-- not known. No transaction lasts ten minutes.
--
-- callers: dueline_append
create or replace function dueline.transaction_before(p_at timestamptz) returns bigint
language plpgsql stable {{stable plan}} set enable_bitmapscan = on as $$
declare
  v_low bigint := -1;
  v_high bigint := (select t.size / 256 from dueline.audit_tree t);
  v_middle bigint;
  v_xact bigint;
  v_found bigint := 0;
begin
  while v_high - v_low > 1 loop
    v_middle := (v_low + v_high) / 2;
    v_xact := (select t.event_xact::text::bigint from dueline.audit_tiles t where t.tile = v_middle);
    if (select max(e.recorded_at) from dueline.events e where (e.xact::text)::bigint = v_xact) < p_at - interval '10 minutes' then
      v_low := v_middle;
      v_found := v_xact;
    else
      v_high := v_middle;
    end if;
  end loop;
  return v_found;
end $$
;

-- Whether a row lies behind a mark, in the order that is read: of one place an event (0) comes before an entry (1).
--
-- callers: dueline_append
create or replace function dueline.comes_after(
  p_ascending boolean, p_xact xid8, p_position bigint, p_kind integer, p_mark_xact xid8, p_mark_position bigint, p_mark_kind integer
) returns boolean language sql immutable as $$
  select case when p_ascending then (p_xact, p_position, p_kind) > (p_mark_xact, p_mark_position, p_mark_kind)
    else (p_xact, p_position, p_kind) < (p_mark_xact, p_mark_position, p_mark_kind) end
$$
;

-- A tenant's entries of transactions from p_low on, below p_high, behind a mark if there is one: by the index, in either direction.
--
-- callers: dueline_append
create or replace function dueline.entries_from(
  p_tenant uuid, p_xact xid8, p_position bigint, p_kind integer, p_low bigint, p_high bigint, p_outcome text, p_actor text, p_resource text,
  p_correlation text, p_from float8, p_to float8, p_limit integer, p_ascending boolean
) returns setof dueline.audit_entries language plpgsql stable {{stable plan}} as $$
begin
  return query execute format(
    'select a.* from dueline.audit_entries a
      where a.tenant_id = $1 and a.xact >= $5::text::xid8 and a.xact < $6::text::xid8
        and ($2 is null or dueline.comes_after(%L, a.xact, a.position, 1, $2, $3, $4))
        and ($7 is null or a.outcome = $7) and ($8 is null or a.actor_id = $8) and ($9 is null or a.resource = $9)
        and ($10 is null or a.correlation_id = $10) and ($11 is null or a.recorded_at >= $11) and ($12 is null or a.recorded_at < $12)
      order by a.xact %2$s, a.position %2$s limit $13',
    p_ascending, case when p_ascending then 'asc' else 'desc' end)
    using p_tenant, p_xact, p_position, p_kind,
      case when p_ascending then greatest(p_low, p_xact::text::bigint) else p_low end,
      case when p_ascending then p_high else least(p_high, p_xact::text::bigint + 1) end,
      p_outcome, p_actor, p_resource, p_correlation, p_from, p_to, p_limit;
end $$
;

-- What was done and refused in a tenant, newest first, or oldest first if p_ascending: its events, which the log has in the order of transactions of
-- all tenants, and its entries. It looks at p_budget rows of the log at the most and then answers with what it has found, and where to go on. With a
-- resource or a correlation it goes by their indexes. A look ends ten minutes beyond p_from or p_to: no transaction is that old. Oldest first it
-- shows only what lies below every open transaction, so that whoever reads on misses nothing.
--
-- callers: dueline_edge, dueline_writer
-- owner: dueline_append
create or replace function dueline.list_audit(
  p_tenant uuid, p_xact text, p_position float8, p_kind integer, p_outcome text, p_actor text, p_resource text, p_correlation text,
  p_from float8, p_to float8, p_limit integer, p_budget integer, p_ascending boolean
) returns json language plpgsql stable security definer {{stable plan}} set enable_bitmapscan = on as $$
declare
  v_sign integer := case when p_ascending then 1 else -1 end;
  v_top bigint := case when p_ascending then pg_snapshot_xmin(pg_current_snapshot()) else pg_snapshot_xmax(pg_current_snapshot()) end::text::bigint;
  -- The walk goes from v_edge by v_width, and looks from v_low on, below v_high.
  v_edge bigint := case when p_ascending then coalesce(p_xact::bigint, 0) else least(p_xact::bigint + 1, v_top) end;
  v_width bigint := 64;
  v_low bigint;
  v_high bigint;
  v_looked integer := 0;
  v_rows integer;
  v_oldest timestamptz;
  v_walks boolean := p_resource is null and p_correlation is null;
  v_ended boolean := true;
  v_some dueline.events[];
  v_found dueline.events[] := '{}';
  v_stream uuid := case when p_resource ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' then p_resource::uuid end;
  v_cause bigint := uuid_hash_extended(p_tenant, hashtextextended(p_correlation collate "C", 0));
  v_items json;
  v_next json;
begin
  if coalesce(p_outcome, 'done') = 'done' then
    if v_walks and p_ascending and p_from is not null then
      v_edge := greatest(v_edge, dueline.transaction_before(to_timestamp(p_from / 1000)));
    end if;
    while v_walks and cardinality(v_found) <= p_limit and case when p_ascending then v_edge < v_top else v_edge > 0 end loop
      if v_looked >= p_budget then
        v_ended := false;
        exit;
      end if;
      v_low := case when p_ascending then v_edge else greatest(v_edge - v_width, 0) end;
      v_high := case when p_ascending then least(v_edge + v_width, v_top) else v_edge end;
      select count(*), min(w.recorded_at) into v_rows, v_oldest from (
        select e.recorded_at from dueline.events e where (e.xact::text)::bigint >= v_low and (e.xact::text)::bigint < v_high limit p_budget + 1
      ) w;
      if v_rows > p_budget and v_high - v_low > 1 then
        v_width := greatest(v_width / 8, 1);
        continue;
      end if;
      if v_rows > 0 then
        v_some := array(
          select e from dueline.events e
          where (e.xact::text)::bigint >= v_low and (e.xact::text)::bigint < v_high and e.tenant_id = p_tenant
            and (p_xact is null or dueline.comes_after(p_ascending, e.xact, e.position, 0, p_xact::xid8, p_position::bigint, p_kind))
            and (p_actor is null or e.metadata #>> '{actor,id}' = p_actor)
            and (p_from is null or e.recorded_at >= to_timestamp(p_from / 1000))
            and (p_to is null or e.recorded_at < to_timestamp(p_to / 1000))
          order by v_sign * (e.xact::text)::bigint, v_sign * e.position limit p_limit + 1 - cardinality(v_found));
        v_found := v_found || v_some;
        v_looked := v_looked + v_rows;
        exit when case when p_ascending then v_oldest > to_timestamp(p_to / 1000) + interval '10 minutes'
          else v_oldest < to_timestamp(p_from / 1000) - interval '10 minutes' end;
      end if;
      v_edge := case when p_ascending then v_high else v_low end;
      if v_rows * 4 < p_budget then
        v_width := v_width * 4;
      end if;
    end loop;
    if not v_walks and (p_resource is null or v_stream is not null) then
      v_found := array(
        select e from dueline.events e
        where e.tenant_id = p_tenant and (v_stream is null or e.stream_id = v_stream)
          and (p_correlation is null or e.metadata ->> 'correlationId' = p_correlation)
          and (v_stream is not null
            or uuid_hash_extended(e.tenant_id, hashtextextended((e.metadata ->> 'correlationId') collate "C", 0)) = v_cause)
          and (not p_ascending or e.xact < v_top::text::xid8)
          and (p_xact is null or dueline.comes_after(p_ascending, e.xact, e.position, 0, p_xact::xid8, p_position::bigint, p_kind))
          and (p_actor is null or e.metadata #>> '{actor,id}' = p_actor)
          and (p_from is null or e.recorded_at >= to_timestamp(p_from / 1000))
          and (p_to is null or e.recorded_at < to_timestamp(p_to / 1000))
        order by v_sign * (e.xact::text)::bigint, v_sign * e.position limit p_limit + 1);
    end if;
  end if;
  -- Of entries those that lie as far as the walk came: without an end it goes on from v_edge.
  v_low := case when v_ended or p_ascending then 0 else v_edge end;
  v_high := case when v_ended or not p_ascending then v_top else v_edge end;
  select json_agg(m.item order by m.n) filter (where m.n <= p_limit),
      (array_agg(json_build_object('transaction', m.xact::text, 'position', m.position, 'kind', m.kind)) filter (where m.n = p_limit and m.total > p_limit))[1]
    into v_items, v_next
    from (
      select u.*, row_number() over (order by v_sign * (u.xact::text)::bigint, v_sign * u.position, v_sign * u.kind) as n, count(*) over () as total
      from (
        select f.xact, f.position, 0 as kind, json_build_object('at', floor(date_part('epoch', f.recorded_at) * 1000), 'actor', f.metadata -> 'actor',
            'action', f.type, 'resource', f.stream_id, 'kind', f.category, 'outcome', 'done', 'code', null,
            'correlationId', f.metadata ->> 'correlationId', 'count', 1) as item
          from unnest(v_found) f
        union all
        select a.xact, a.position, 1, json_build_object('at', a.recorded_at, 'actor', json_build_object('kind', a.actor_kind, 'id', a.actor_id),
            'action', a.action, 'resource', a.resource, 'kind', null, 'outcome', a.outcome, 'code', a.code,
            'correlationId', a.correlation_id, 'count', a.count)
          from dueline.entries_from(p_tenant, p_xact::xid8, p_position::bigint, p_kind, v_low, v_high, p_outcome, p_actor, p_resource, p_correlation,
            p_from, p_to, p_limit + 1, p_ascending) a
      ) u
    ) m;
  if v_next is null and not v_ended then
    v_next := json_build_object('transaction', v_edge::text, 'position', case when p_ascending then -1 else 0 end, 'kind', 0);
  end if;
  return json_build_object('items', coalesce(v_items, '[]'), 'next', v_next);
end $$
;

-- A stretch of the tree from leaf p_at on, as far as it is signed, and of the rows that it was made of how many there are and which are the tenant's:
-- their number in the stretch, counted from 0, with what is hashed of them. The places are those of the rows before it. `note`: the latest
-- checkpoint, of `size` leaves; `successions`: how the keys that sign followed each other.
--
-- callers: dueline_edge
-- owner: dueline_append
create or replace function dueline.signed_stretch(
  p_tenant uuid, p_at float8, p_event_xact text, p_event_position float8, p_entry_xact text, p_entry_position float8, p_limit integer
) returns json language plpgsql stable security definer {{stable plan}} as $$
declare
  v_at bigint := p_at::bigint;
  v_signed dueline.audit_checkpoints;
  v_to bigint;
  v_hashes bytea;
  v_kinds text;
  v_events json;
  v_entries json;
begin
  select c.* into v_signed from dueline.audit_checkpoints c order by c.size desc limit 1;
  v_to := greatest(v_at, least(v_at + p_limit, coalesce(v_signed.size, 0)));
  select substr(string_agg(t.hashes, ''::bytea order by t.tile), ((v_at % 256) * 32 + 1)::integer, ((v_to - v_at) * 32)::integer),
      substr(string_agg(t.kinds, '' order by t.tile), (v_at % 256 + 1)::integer, (v_to - v_at)::integer)
    into v_hashes, v_kinds from dueline.audit_tiles t where t.tile between v_at / 256 and (v_to - 1) / 256;
  v_kinds := coalesce(v_kinds, '');
  select json_build_object('found', count(*), 'transaction', coalesce((array_agg((l.e).xact::text order by (l.e).xact desc))[1], p_event_xact),
      'position', coalesce((array_agg((l.e).position order by (l.e).xact desc, (l.e).position desc))[1], p_event_position::bigint),
      'own', coalesce(json_agg(json_build_array(l.n, dueline.event_leaf(l.e)) order by l.n) filter (where (l.e).tenant_id = p_tenant), '[]')) into v_events
    from (select e, row_number() over (order by e.xact, e.position) - 1 as n
      from dueline.log_page(p_event_xact::bigint, p_event_xact::bigint, p_event_position::bigint,
        length(v_kinds) - length(replace(v_kinds, 'e', ''))) e) l;
  select json_build_object('found', count(*), 'transaction', coalesce((array_agg((l.a).xact::text order by (l.a).xact desc))[1], p_entry_xact),
      'position', coalesce((array_agg((l.a).position order by (l.a).xact desc, (l.a).position desc))[1], p_entry_position::bigint),
      'own', coalesce(json_agg(json_build_array(l.n, dueline.entry_leaf(l.a)) order by l.n) filter (where (l.a).tenant_id = p_tenant), '[]')) into v_entries
    from (select s.a, row_number() over (order by (s.a).xact, (s.a).position) - 1 as n from (
      select a from dueline.audit_entries a
      where (a.xact, a.position) > (p_entry_xact::xid8, p_entry_position::bigint) and a.xact < pg_snapshot_xmin(pg_current_snapshot())
      order by a.xact, a.position limit length(v_kinds) - length(replace(v_kinds, 'a', ''))) s) l;
  return json_build_object('at', v_at, 'hashes', coalesce(encode(v_hashes, 'hex'), ''), 'kinds', v_kinds, 'events', v_events,
    'entries', v_entries, 'size', coalesce(v_signed.size, 0), 'note', v_signed.note, 'sealed', (select t.size from dueline.audit_tree t),
    'successions', (select coalesce(json_agg(s.note order by s.key), '[]') from dueline.audit_successions s));
end $$
;
