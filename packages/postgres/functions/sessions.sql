-- Sessions of people: made, found, exchanged, ended, listed. Only digests of what they are held by come here.

-- callers: dueline_append
create or replace function dueline.session_json(s dueline.sessions) returns json
language sql stable set search_path = pg_catalog, pg_temp as $$
  select json_build_object('tenantId', s.tenant_id, 'sessionId', s.session_id, 'subject', s.subject, 'tenants', s.facts -> 'tenants',
    'roles', s.facts -> 'roles', 'scopes', s.facts -> 'scopes', 'way', s.facts -> 'way', 'createdAt', s.created_at,
    'expiresAt', s.expires_at, 'idleMs', s.idle_ms, 'holder', s.holder, 'usedAt', s.used_at, 'endedAt', s.ended_at, 'endedBy', s.ended_by)
$$
;

-- p_forget: those of the tenant that were over before it are forgotten, a hundred at a time.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.make_session(
  p_tenant uuid, p_session uuid, p_subject text, p_facts text, p_at bigint, p_expires bigint, p_idle bigint, p_kind text, p_digest text,
  p_code_until bigint, p_forget bigint
) returns void language plpgsql security definer {{stable plan}} as $$
begin
  delete from dueline.sessions s using (
      select o.session_id from dueline.sessions o
        where o.tenant_id = p_tenant and least(o.expires_at, o.used_at + o.idle_ms, coalesce(o.ended_at, o.expires_at)) < p_forget
        order by o.created_at, o.session_id limit 100 for update skip locked
    ) f where s.tenant_id = p_tenant and s.session_id = f.session_id;
  insert into dueline.sessions (tenant_id, session_id, subject, facts, created_at, expires_at, idle_ms, holder, used_at)
    values (p_tenant, p_session, p_subject, p_facts::json, p_at, p_expires, p_idle, nullif(p_kind, 'code'), p_at);
  insert into dueline.session_secrets (tenant_id, session_id, digest, kind, expires_at, made_at)
    values (p_tenant, p_session, p_digest, p_kind, p_code_until, p_at);
end $$
;

-- p_digest null: whatever it is held by. Else null also when it is not held by that now.
--
-- callers: dueline_edge, dueline_ingest
-- owner: dueline_append
create or replace function dueline.find_session(p_tenant uuid, p_session uuid, p_kind text, p_digest text) returns json
language plpgsql stable security definer {{stable plan}} as $$
begin
  return (select dueline.session_json(s) from dueline.sessions s
    where s.tenant_id = p_tenant and s.session_id = p_session
      and (p_digest is null or exists (select from dueline.session_secrets k
        where k.tenant_id = p_tenant and k.session_id = p_session and k.digest = p_digest and k.kind = p_kind and k.replaced_at is null)));
end $$
;

-- What ends a session is answered, never raised: that would take the end back.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.exchange_session_secret(
  p_tenant uuid, p_session uuid, p_kind text, p_digest text, p_next_kind text, p_next text, p_at bigint, p_grace bigint, p_most integer,
  p_remembered integer
) returns json language plpgsql security definer {{stable plan}} as $$
declare
  v_session dueline.sessions;
  v_secret dueline.session_secrets;
begin
  select * into v_session from dueline.sessions s where s.tenant_id = p_tenant and s.session_id = p_session for update;
  select * into v_secret from dueline.session_secrets k
    where k.tenant_id = p_tenant and k.session_id = p_session and k.digest = p_digest and k.kind = p_kind;
  if v_session.session_id is null or v_secret.digest is null or v_session.ended_at is not null or p_at >= v_session.expires_at
      or p_at - v_session.used_at >= v_session.idle_ms or p_at >= coalesce(v_secret.expires_at, p_at + 1) then
    return json_build_object('_tag', 'Refused');
  end if;
  if v_secret.replaced_at is not null then
    if p_kind = 'code' or v_secret.exchanges >= p_most and p_at - v_secret.replaced_at <= p_grace then
      return json_build_object('_tag', 'Refused');
    end if;
    if p_at - v_secret.replaced_at > p_grace then
      update dueline.sessions s set ended_at = p_at, ended_by = 'reused'
        where s.tenant_id = p_tenant and s.session_id = p_session returning * into v_session;
      return json_build_object('_tag', 'Reused', 'session', dueline.session_json(v_session));
    end if;
  end if;
  update dueline.session_secrets k set replaced_at = coalesce(k.replaced_at, p_at), exchanges = k.exchanges + 1
    where k.tenant_id = p_tenant and k.session_id = p_session and k.digest = p_digest;
  delete from dueline.session_secrets d using (
      select k.digest from dueline.session_secrets k
        where k.tenant_id = p_tenant and k.session_id = p_session and k.replaced_at is not null
        order by k.replaced_at desc, k.digest offset p_remembered limit 10
    ) f where d.tenant_id = p_tenant and d.session_id = p_session and d.digest = f.digest;
  insert into dueline.session_secrets (tenant_id, session_id, digest, kind, made_at) values (p_tenant, p_session, p_next, p_next_kind, p_at);
  update dueline.sessions s set holder = p_next_kind, used_at = greatest(s.used_at, p_at)
    where s.tenant_id = p_tenant and s.session_id = p_session returning * into v_session;
  return json_build_object('_tag', 'Exchanged', 'session', dueline.session_json(v_session));
end $$
;

-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.end_session(p_tenant uuid, p_session uuid, p_by text, p_at bigint) returns json
language plpgsql security definer {{stable plan}} as $$
begin
  update dueline.sessions s set ended_at = p_at, ended_by = p_by
    where s.tenant_id = p_tenant and s.session_id = p_session and s.ended_at is null and p_at < least(s.expires_at, s.used_at + s.idle_ms);
  return (select dueline.session_json(s) from dueline.sessions s where s.tenant_id = p_tenant and s.session_id = p_session);
end $$
;

-- In order of the keys, so that two processes that note the same ones do not wait for each other in a circle.
--
-- callers: dueline_writer, dueline_ingest
-- owner: dueline_append
create or replace function dueline.note_session_uses(p_tenants uuid[], p_ids uuid[], p_at float8[]) returns void
language plpgsql security definer {{stable plan}} as $$
declare
  v_use record;
begin
  for v_use in
    select u.tenant_id, u.id, max(u.used_at)::bigint as used_at from unnest(p_tenants, p_ids, p_at) as u(tenant_id, id, used_at)
      group by u.tenant_id, u.id order by u.tenant_id, u.id
  loop
    update dueline.sessions s set used_at = v_use.used_at
      where s.tenant_id = v_use.tenant_id and s.session_id = v_use.id and s.used_at < v_use.used_at;
  end loop;
end $$
;

-- Those whose code nobody has exchanged are left out. p_subject null: everybody's.
--
-- callers: dueline_edge
-- owner: dueline_append
create or replace function dueline.list_sessions(p_tenant uuid, p_subject text, p_created bigint, p_session uuid, p_limit integer) returns json
language plpgsql stable security definer {{stable plan}} as $$
begin
  return (select coalesce(json_agg(dueline.session_json(l.one) order by l.created_at desc, l.session_id desc), '[]') from (
    select s as one, s.created_at, s.session_id from dueline.sessions s
      where s.tenant_id = p_tenant and (s.created_at, s.session_id) < (p_created, p_session) and s.holder is not null
        and (p_subject is null or s.subject = p_subject)
      order by s.created_at desc, s.session_id desc limit p_limit
  ) l);
end $$
;
