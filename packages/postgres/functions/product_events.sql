-- Product events: written in groups, read newest first, kept for as many days as there are partitions.

-- Makes the days from yesterday to p_ahead days from now and, with p_keep, drops those that are more than p_keep days past; says how many it
-- made and dropped. One process at a time, the others leave it to that one. A lock that it does not get at once it gives up: who writes and
-- reads events would wait behind it.
--
-- callers: dueline_worker, dueline_append
create or replace function dueline.keep_product_event_days(p_ahead integer, p_keep integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '500ms' as $$
declare
  v_today date := (clock_timestamp() at time zone 'UTC')::date;
  v_day date;
  v_name text;
  v_done integer := 0;
begin
  perform pg_advisory_xact_lock(1685808741, 0);
  for v_day in select v_today + n from generate_series(-1, p_ahead) n loop
    v_name := 'product_events_' || to_char(v_day, 'YYYYMMDD');
    continue when to_regclass(format('dueline.%I', v_name)) is not null;
    execute format('create table dueline.%I partition of dueline.product_events for values from (%L) to (%L)', v_name, v_day, v_day + 1);
    execute format('alter table dueline.%I enable row level security', v_name);
    execute format('alter table dueline.%I force row level security', v_name);
    v_done := v_done + 1;
  end loop;
  for v_name in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'dueline.product_events'::regclass
      and c.relname < 'product_events_' || to_char(v_today - p_keep, 'YYYYMMDD')
    order by c.relname
  loop
    execute format('drop table dueline.%I', v_name);
    v_done := v_done + 1;
  end loop;
  return v_done;
end $$
;

-- Stores the events that are new to their tenants and answers with the ids of the others, null when there are none. p_entry says for each event to
-- which of the requests, whose facts come first, it belongs.
--
-- An event id is new when neither today's partition has it, which its constraint decides, nor one of the seven days before: that costs the
-- same however many days are kept. Between two days: who writes
-- on one holds a lock for that day, and during the first seconds of the next, for as long as a statement may last, its writers wait for those
-- of the day before. Few repeat: so all are inserted at once, which costs two thirds of asking for each whether it is there; where one is, that
-- is undone and each asked for. Each then leads to itself, since it is not known which are stored; else the first of a request leads to the others,
-- and is the only one in the index of causes. In order of the ids, so that two groups with the same events do not wait for each other in a circle.
--
-- callers: dueline_writer, dueline_ingest
-- owner: dueline_append
create or replace function dueline.append_product_events(
  p_tenants uuid[], p_workspaces text[], p_keys uuid[], p_correlations text[], p_versions text[],
  p_entry integer[], p_ids uuid[], p_event_ids text[], p_given boolean[], p_types text[], p_names text[], p_users text[], p_anonymous text[],
  p_occurred float8[], p_documents text[]
) returns json language plpgsql security definer {{stable plan}} as $$
declare
  v_now timestamp := clock_timestamp() at time zone 'UTC';
  v_day date := v_now::date;
  v_at bigint := (extract(epoch from v_now) * 1000)::bigint;
  v_known integer[];
  v_ids json;
begin
  perform pg_advisory_xact_lock_shared(1685808741, v_day - date '2000-01-01');
  if v_day <> (clock_timestamp() at time zone 'UTC')::date then
    raise exception using errcode = 'serialization_failure', message = 'the day ended meanwhile';
  end if;
  if v_now - v_day < interval '15 seconds' then
    perform pg_advisory_xact_lock(1685808741, v_day - 1 - date '2000-01-01');
  end if;
  if to_regclass('dueline.product_events_' || to_char(v_day, 'YYYYMMDD')) is null then
    perform dueline.keep_product_event_days(1, null);
  end if;
  select array_agg(n) into v_known from generate_series(1, cardinality(p_ids)) n
    where p_given[n] and exists (
      select from dueline.product_events o where o.tenant_id = p_tenants[p_entry[n]] and o.event_id = p_event_ids[n]
        and o.day between v_day - 7 and v_day - 1);
  begin
    insert into dueline.product_events (tenant_id, day, received_at, id, event_id, type, name, user_id, anonymous_id, occurred_at,
        schema_version, workspace, api_key_id, correlation_id, document, leads)
      select p_tenants[p_entry[n]], v_day, v_at, p_ids[n], p_event_ids[n], p_types[n], p_names[n], p_users[n], p_anonymous[n], p_occurred[n]::bigint,
        p_versions[p_entry[n]], p_workspaces[p_entry[n]], p_keys[p_entry[n]], p_correlations[p_entry[n]], p_documents[n]::json,
        v_known is not null or p_entry[n] is distinct from p_entry[n - 1]
      from generate_series(1, cardinality(p_ids)) n
      where v_known is null or n <> all (v_known)
      order by p_tenants[p_entry[n]], p_event_ids[n];
    return (select json_agg(p_ids[n]) from unnest(v_known) as k(n));
  exception when unique_violation then
    null;
  end;
  with stored as (
    insert into dueline.product_events (tenant_id, day, received_at, id, event_id, type, name, user_id, anonymous_id, occurred_at,
        schema_version, workspace, api_key_id, correlation_id, document, leads)
      select p_tenants[p_entry[n]], v_day, v_at, p_ids[n], p_event_ids[n], p_types[n], p_names[n], p_users[n], p_anonymous[n], p_occurred[n]::bigint,
        p_versions[p_entry[n]], p_workspaces[p_entry[n]], p_keys[p_entry[n]], p_correlations[p_entry[n]], p_documents[n]::json, true
      from generate_series(1, cardinality(p_ids)) n
      where v_known is null or n <> all (v_known)
      order by p_tenants[p_entry[n]], p_event_ids[n]
    on conflict (tenant_id, event_id, day) do nothing
    returning id
  )
  select json_agg(i.id) into v_ids from unnest(p_ids) as i(id) where i.id not in (select s.id from stored s);
  return v_ids;
end $$
;

-- A page, newest first, and where the next one begins: behind the last row of a full page, or behind the last of p_budget rows that were looked
-- at for it.
--
-- callers: dueline_edge
create or replace function dueline.list_product_events(
  p_tenant uuid, p_workspace text, p_type text, p_name text, p_user text, p_anonymous text, p_event text, p_from float8, p_to float8,
  p_received float8, p_id uuid, p_limit integer, p_budget integer
) returns json language plpgsql {{stable plan}} as $$
declare
  v_to bigint := least(coalesce(p_to, 253402300799999), coalesce(p_received, 253402300799999))::bigint;
  v_last_day date := (to_timestamp(least(v_to, 253402300799999) / 1000.0) at time zone 'UTC')::date;
  v_first_day date := (to_timestamp(coalesce(p_from, 0) / 1000.0) at time zone 'UTC')::date;
begin
  perform set_config('app.current_tenant', p_tenant::text, true);
  return (
    with looked as materialized (
      select e.day, e.received_at, e.id, row_number() over () as n,
        (p_workspace is null or e.workspace = p_workspace) and (p_type is null or e.type = p_type) and (p_name is null or e.name = p_name)
          and (p_user is null or e.user_id = p_user) and (p_anonymous is null or e.anonymous_id = p_anonymous) as fits
      from dueline.product_events e
      where e.tenant_id = p_tenant and e.day between v_first_day and v_last_day
        and e.received_at >= coalesce(p_from, 0)::bigint and e.received_at <= v_to
        and (p_received is null or (e.received_at, e.id) < (p_received::bigint, p_id))
        and (p_event is null or e.event_id = p_event)
      order by e.day desc, e.received_at desc, e.id desc limit p_budget
    ), found as (
      select l.* from looked l where l.fits order by l.n limit p_limit
    ), ending as (
      select case
        when (select count(*) from found) = p_limit then (select f.n from found f order by f.n desc limit 1)
        when (select count(*) from looked) = p_budget then p_budget
      end as n
    )
    select json_build_object(
      'events', coalesce((select json_agg(json_build_object('id', e.id, 'eventId', e.event_id, 'type', e.type, 'name', e.name, 'userId', e.user_id,
          'anonymousId', e.anonymous_id, 'occurredAt', e.occurred_at, 'receivedAt', e.received_at, 'schemaVersion', e.schema_version,
          'workspace', e.workspace, 'apiKeyId', e.api_key_id, 'correlationId', e.correlation_id, 'document', e.document) order by f.n)
        from found f join dueline.product_events e
          on e.tenant_id = p_tenant and e.day = f.day and e.received_at = f.received_at and e.id = f.id), '[]'),
      'next', (select json_build_object('createdAt', l.received_at, 'id', l.id) from looked l join ending g on g.n = l.n))
  );
end $$
;

-- Those of one cause, oldest first, without their documents: they may hold anything. The index leads to one event of each request; the others came
-- at the same millisecond. Of the first one after the mark all may stand before it, so one more is looked at than there is room for.
--
-- callers: dueline_edge
create or replace function dueline.correlated_product_events(p_tenant uuid, p_correlation text, p_received float8, p_id uuid, p_limit integer)
returns setof json language plpgsql {{stable plan}} as $$
begin
  perform set_config('app.current_tenant', p_tenant::text, true);
  return query
    with led as materialized (
      select distinct e.received_at, e.day from dueline.product_events e
      where e.tenant_id = p_tenant and e.correlation_id = p_correlation and e.leads and e.received_at >= p_received::bigint
      order by e.received_at limit p_limit + 1
    )
    select json_build_object('id', e.id, 'eventId', e.event_id, 'type', e.type, 'name', e.name, 'receivedAt', e.received_at,
      'workspace', e.workspace, 'apiKeyId', e.api_key_id, 'correlationId', e.correlation_id)
    from led l cross join lateral (
      select o.* from dueline.product_events o
      where o.tenant_id = p_tenant and o.day = l.day and o.received_at = l.received_at and o.correlation_id = p_correlation
    ) e
    where (e.received_at, e.id) > (p_received::bigint, p_id)
    order by e.received_at, e.id limit p_limit;
end $$
;
