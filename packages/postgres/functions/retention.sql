-- What has been kept long enough and is removed: calls and ingestions that have ended, with their events, and dead letters.

-- The next of a tenant's calls or ingestions, oldest first, that ended before p_before: at most p_limit, among p_budget of those that were made
-- before it. `next`: where to go on, null at the end.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.outlived(
  p_tenant uuid, p_kind text, p_before bigint, p_created bigint, p_id uuid, p_limit integer, p_budget integer
) returns json language plpgsql stable security definer {{stable plan}} as $$
declare
  v_created bigint := p_created;
  v_id uuid := p_id;
  v_ids uuid[] := '{}';
  v_walked integer := 0;
  v_one record;
begin
  if p_created is null then
    select p.created_at, p.id into v_created, v_id from dueline.retention_progress p where p.tenant_id = p_tenant and p.kind = p_kind;
  end if;
  v_created := coalesce(v_created, -1);
  v_id := coalesce(v_id, '00000000-0000-0000-0000-000000000000');
  if p_kind = 'service-call' then
    for v_one in
      select c.created_at, c.call_id as id, c.ended_at from dueline.service_calls c
        where c.listed_under = p_tenant and c.created_at < p_before and (c.created_at, c.call_id) > (v_created, v_id)
        order by c.created_at, c.call_id limit p_budget
    loop
      v_walked := v_walked + 1;
      v_created := v_one.created_at;
      v_id := v_one.id;
      -- The calls of a pending key are numbered, and the current one is found by those before it.
      if v_one.ended_at < p_before and not exists (
        select from dueline.events e where e.tenant_id = p_tenant and e.stream_id = v_one.id and e.version = 1
          and (e.payload -> 'spec' -> 'pending') is not null) then
        v_ids := v_ids || v_one.id;
        exit when cardinality(v_ids) = p_limit;
      end if;
    end loop;
  else
    for v_one in
      select i.created_at, i.id, i.ended_at from dueline.ingestion_rows i
        where i.listed_under = p_tenant and i.created_at < p_before and (i.created_at, i.id) > (v_created, v_id)
        order by i.created_at, i.id limit p_budget
    loop
      v_walked := v_walked + 1;
      v_created := v_one.created_at;
      v_id := v_one.id;
      if v_one.ended_at < p_before then
        v_ids := v_ids || v_one.id;
        exit when cardinality(v_ids) = p_limit;
      end if;
    end loop;
  end if;
  return json_build_object('ids', to_json(v_ids), 'next', case when v_walked = p_budget or cardinality(v_ids) = p_limit
    then json_build_object('createdAt', v_created, 'id', v_id) end);
end $$
;

-- What is exported before it is removed: a line of JSON for each event, as it lies there.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.outlived_events(p_tenant uuid, p_ids uuid[]) returns setof text
language plpgsql stable security definer {{stable plan}} as $$
begin
  return query
    select json_build_object('tenantId', e.tenant_id, 'streamId', e.stream_id, 'version', e.version, 'category', e.category, 'eventId', e.event_id,
      'type', e.type, 'eventVersion', e.event_version, 'recordedAt', (extract(epoch from e.recorded_at) * 1000)::bigint, 'payload', e.payload,
      'metadata', e.metadata)::text
    from unnest(p_ids) with ordinality as i(id, n) join dueline.events e on e.tenant_id = p_tenant and e.stream_id = i.id
    order by i.n, e.version;
end $$
;

-- Which leaf of the audit tree an event is; null when it is not sealed, or not as it was sealed. The marks of tiles grow: the first tile that may
-- hold it is found by halving, and it is in one of those with the same mark or in the one behind them.
--
-- callers: none
-- owner: dueline_append
create or replace function dueline.leaf_of(p_xact xid8, p_position bigint, p_hash bytea) returns bigint
language plpgsql stable {{stable plan}} as $$
declare
  v_low bigint := 0;
  v_high bigint;
  v_middle bigint;
  v_reached boolean;
  v_first record;
  v_tile record;
begin
  select (t.event_xact, t.event_position) >= (p_xact, p_position), (t.size - 1) / 256 into v_reached, v_high from dueline.audit_tree t;
  if v_reached is not true then
    return null;
  end if;
  while v_low < v_high loop
    v_middle := (v_low + v_high) / 2;
    select (t.event_xact, t.event_position) >= (p_xact, p_position) into v_reached from dueline.audit_tiles t where t.tile = v_middle;
    if v_reached then
      v_high := v_middle;
    else
      v_low := v_middle + 1;
    end if;
  end loop;
  for v_tile in
    select t.tile, t.event_xact, t.event_position, position(p_hash in t.hashes) as place from dueline.audit_tiles t
      where t.tile >= v_low order by t.tile limit 256
  loop
    v_first := coalesce(v_first, v_tile);
    if v_tile.place > 0 and (v_tile.place - 1) % 32 = 0 then
      return v_tile.tile * 256 + (v_tile.place - 1) / 32;
    end if;
    exit when (v_tile.event_xact, v_tile.event_position) <> (v_first.event_xact, v_first.event_position);
  end loop;
  return null;
end $$
;

-- The leaf of each event of these streams; null when it is not sealed, or not as it was sealed.
--
-- callers: none
-- owner: dueline_append
create or replace function dueline.leaves_of(p_tenant uuid, p_ids uuid[])
returns table (stream_id uuid, xact xid8, log_position bigint, leaf bigint)
language plpgsql stable {{stable plan}} as $$
declare
  v_one record;
  v_tile bigint;
  v_hashes bytea;
  v_place integer;
begin
  -- In the order of the log the next event is mostly in the tile of the one before, or in the one behind it.
  for v_one in
    select e.stream_id, e.xact, e.position, sha256('\x00'::bytea || convert_to(dueline.event_leaf(e), 'UTF8')) as hash
      from unnest(p_ids) i(id) join dueline.events e on e.tenant_id = p_tenant and e.stream_id = i.id
      order by e.xact, e.position
  loop
    v_place := position(v_one.hash in v_hashes);
    if v_place > 0 and (v_place - 1) % 32 = 0 then
      leaf := v_tile * 256 + (v_place - 1) / 32;
    else
      leaf := dueline.leaf_of(v_one.xact, v_one.position, v_one.hash);
      if leaf / 256 is distinct from v_tile then
        select t.tile, t.hashes || ''::bytea into v_tile, v_hashes from dueline.audit_tiles t where t.tile = leaf / 256;
      end if;
    end if;
    stream_id := v_one.stream_id;
    xact := v_one.xact;
    log_position := v_one.position;
    return next;
  end loop;
end $$
;

-- Marks leaves as removed, whose hashes stay, and makes the entries by which that is known: one for each four tiles, with a bit for each leaf where
-- others lie between them.
--
-- callers: none
-- owner: dueline_append
create or replace function dueline.note_removed_leaves(p_leaves bigint[], p_why text, p_at bigint) returns void
language plpgsql {{stable plan}} as $$
declare
  v_part record;
  v_bits text;
begin
  update dueline.audit_tiles t set kinds = (
      select string_agg(case when t.tile * 256 + n - 1 = any (r.leaves) then upper(substr(t.kinds, n, 1)) else substr(t.kinds, n, 1) end, '' order by n)
      from generate_series(1, length(t.kinds)) n)
    from (select l / 256 as tile, array_agg(l) as leaves from unnest(p_leaves) l group by 1) r
    where t.tile = r.tile;
  for v_part in
    select min(l) as first, max(l) as last, array_agg(l) as leaves, count(*) as n from unnest(p_leaves) l group by l / 1024 order by 1
  loop
    v_bits := '';
    if v_part.last - v_part.first + 1 > v_part.n then
      select '/' || string_agg(to_hex(b.bits::bit(4)::integer), '' order by b.at) into v_bits from (
        select (g - v_part.first) / 4 as at, rpad(string_agg(case when g = any (v_part.leaves) then '1' else '0' end, '' order by g), 4, '0') as bits
        from generate_series(v_part.first, v_part.last) g group by 1) b;
    end if;
    insert into dueline.audit_entries (tenant_id, recorded_at, actor_kind, actor_id, action, resource, outcome, code, correlation_id, count)
      values ('00000000-0000-0000-0000-000000000000', p_at, 'system', 'retention', 'leaves.remove',
        'leaves:' || v_part.first || '-' || v_part.last || v_bits, 'done', p_why, '0', v_part.n);
  end loop;
end $$
;

-- The events of whole streams, whose leaves these are, and their snapshots.
--
-- callers: none
-- owner: dueline_append
create or replace function dueline.remove_streams(p_tenant uuid, p_ids uuid[], p_leaves bigint[], p_why text, p_at bigint) returns void
language plpgsql {{stable plan}} as $$
begin
  perform dueline.note_removed_leaves(p_leaves, p_why, p_at);
  perform set_config('dueline.removing', pg_current_xact_id()::text, true);
  delete from dueline.events e using unnest(p_ids) k(id) where e.tenant_id = p_tenant and e.stream_id = k.id;
  perform set_config('dueline.removing', '', true);
  delete from dueline.snapshots s using unnest(p_ids) k(id) where s.tenant_id = p_tenant and s.stream_id = k.id;
end $$
;

-- Removes these of a tenant's calls or ingestions that still are what they were taken for: ended before p_before, every event of theirs sealed as it
-- is and counted for overviews. Whoever else changes one at this moment keeps it. Whole, or nothing; answers with how many streams and events.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.remove_outlived(p_tenant uuid, p_kind text, p_ids uuid[], p_before bigint, p_at bigint) returns json
language plpgsql security definer {{stable plan}} as $$
declare
  v_ids uuid[];
  v_kept uuid[];
  v_leaves bigint[];
  v_counted bigint;
begin
  if p_kind = 'service-call' then
    v_ids := array(select l.call_id from (
      select c.call_id from dueline.service_calls c where c.tenant_id = p_tenant and c.call_id = any (p_ids) and c.ended_at < p_before
        for update skip locked) l);
  else
    v_ids := array(select l.id from (
      select i.id from dueline.ingestion_rows i where i.tenant_id = p_tenant and i.id = any (p_ids) and i.ended_at < p_before
        for update skip locked) l);
  end if;
  select p.xact into v_counted from dueline.overview_progress p;
  with found as materialized (
    select l.stream_id, case when (l.xact::text)::bigint < v_counted then l.leaf end as leaf from dueline.leaves_of(p_tenant, v_ids) l
  ), whole as (
    select f.stream_id from found f group by f.stream_id having bool_and(f.leaf is not null)
  )
  select array_agg(distinct w.stream_id), array_agg(f.leaf) into v_kept, v_leaves from whole w join found f on f.stream_id = w.stream_id;
  if v_kept is null then
    return json_build_object('streams', 0, 'events', 0);
  end if;
  perform dueline.remove_streams(p_tenant, v_kept, v_leaves, p_kind, p_at);
  if p_kind = 'service-call' then
    with gone as (
      delete from dueline.service_calls c using unnest(v_kept) k(id) where c.tenant_id = p_tenant and c.call_id = k.id returning c.status
    )
    update dueline.call_counts k set n = k.n - g.n from (select status, count(*) as n from gone group by status) g
      where k.status = g.status and k.tenant_id in (p_tenant, '00000000-0000-0000-0000-000000000000');
  else
    delete from dueline.ingestion_rows i using unnest(v_kept) k(id) where i.tenant_id = p_tenant and i.id = k.id;
    delete from dueline.personal_data d using unnest(v_kept) k(id) where d.tenant_id = p_tenant and d.customer_id = k.id;
  end if;
  return json_build_object('streams', cardinality(v_kept), 'events', cardinality(v_leaves));
end $$
;

-- Where the next look begins; p_created null: from the beginning.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.note_retention(p_tenant uuid, p_kind text, p_created bigint, p_id uuid) returns void
language plpgsql security definer {{stable plan}} as $$
begin
  if p_created is null then
    delete from dueline.retention_progress where tenant_id = p_tenant and kind = p_kind;
  else
    insert into dueline.retention_progress values (p_tenant, p_kind, p_created, p_id)
      on conflict (tenant_id, kind) do update set created_at = excluded.created_at, id = excluded.id;
  end if;
end $$
;

-- The oldest of a tenant's dead letters that were given up before p_before, p_limit at the most. Those under way in a job stay.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.remove_letters(p_tenant uuid, p_before bigint, p_limit integer) returns integer
language plpgsql security definer {{stable plan}} as $$
declare
  v_removed integer;
begin
  delete from dueline.dead_letters d using (
    select l.letter_id from dueline.dead_letters l where l.tenant_id = p_tenant and l.died_at < p_before and l.state <> 'Replaying'
      order by l.died_at, l.letter_id limit p_limit) o
    where d.tenant_id = p_tenant and d.letter_id = o.letter_id;
  get diagnostics v_removed = row_count;
  return v_removed;
end $$
;

-- What a tenant says of how long its own is kept; null when it says nothing.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.retention_rule(p_tenant uuid) returns json
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select json_build_object('days', r.days, 'at', r.set_at, 'by', r.set_by) from dueline.retention_rules r where r.tenant_id = p_tenant
$$
;

-- p_set false takes the rule away. With an entry of the audit log in the same transaction, when something changes.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.set_retention_rule(
  p_tenant uuid, p_set boolean, p_days integer, p_at bigint, p_by text, p_entry json
) returns void language plpgsql security definer {{stable plan}} as $$
declare
  v_changed integer;
begin
  if p_set then
    insert into dueline.retention_rules as r values (p_tenant, p_days, p_at, p_by)
      on conflict (tenant_id) do update set days = excluded.days, set_at = excluded.set_at, set_by = excluded.set_by
        where r.days is distinct from excluded.days;
  else
    delete from dueline.retention_rules r where r.tenant_id = p_tenant;
  end if;
  get diagnostics v_changed = row_count;
  if v_changed > 0 then
    perform dueline.append_audit(json_build_array(p_entry));
  end if;
end $$
;

-- How many of a tenant's ended before p_before and would be removed, among the p_budget oldest of each kind. `more`: not all were looked at.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.count_outlived(p_tenant uuid, p_before bigint, p_budget integer) returns json
language plpgsql stable security definer {{stable plan}} as $$
declare
  v_calls record;
  v_ingestions record;
begin
  select count(*) as seen, count(*) filter (where o.ended_at < p_before and not exists (
      select from dueline.events e where e.tenant_id = p_tenant and e.stream_id = o.call_id and e.version = 1
        and (e.payload -> 'spec' -> 'pending') is not null)) as n into v_calls
    from (select c.call_id, c.ended_at from dueline.service_calls c
      where c.listed_under = p_tenant and c.created_at < p_before order by c.created_at, c.call_id limit p_budget) o;
  select count(*) as seen, count(*) filter (where o.ended_at < p_before) as n into v_ingestions
    from (select i.ended_at from dueline.ingestion_rows i
      where i.listed_under = p_tenant and i.created_at < p_before order by i.created_at, i.id limit p_budget) o;
  return json_build_object('calls', v_calls.n, 'ingestions', v_ingestions.n,
    'more', v_calls.seen = p_budget or v_ingestions.seen = p_budget);
end $$
;
