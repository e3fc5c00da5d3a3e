-- Tenants as a kind of aggregate. A row lies in its own tenant, as every row; operators list all of them.
--
-- dueline.tenants stays for processes of the release before: triggers write in each what is written in the other, and whoever was known
-- there, or has events, becomes a tenant here.

select dueline.make_rows_table('tenant', 'workspaceId', $$
  workspace text not null generated always as (row ->> 'workspace') stored,
  name text not null generated always as (row ->> 'name') stored,
  status text not null generated always as (row ->> 'status') stored
$$)
;
create index tenant_rows_suspended on dueline.tenant_rows (id) where status = 'Suspended'
;

-- Makes the tenant as the program does, if it is not there.
create function dueline.provision_tenant(p_id uuid, p_workspace text, p_at bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into dueline.events (tenant_id, stream_id, version, category, event_id, type, event_version, payload, metadata, recorded_at)
    values (p_id, p_id, 1, 'tenant', md5('tenant:' || p_id)::uuid, 'TenantCreated', 1,
      json_build_object('_tag', 'TenantCreated', 'workspace', p_workspace, 'name', p_workspace, 'createdAt', p_at, 'fingerprint', null,
        'origin', json_build_object('correlationId', '0', 'traceparent', null)),
      json_build_object('commandId', 'provision-tenant:' || p_id, 'correlationId', '0',
        'actor', json_build_object('kind', 'system', 'id', 'migration'), 'traceparent', null),
      to_timestamp(p_at / 1000.0))
    on conflict (tenant_id, stream_id, version) do nothing;
  insert into dueline.tenant_rows (row)
    values (json_build_object('_tag', 'TenantRow', 'tenantId', p_id, 'workspaceId', p_id, 'version', 1, 'workspace', p_workspace, 'name', p_workspace,
      'status', 'Active', 'suspendedReason', null, 'createdAt', p_at, 'updatedAt', p_at, 'correlationId', '0'))
    on conflict (tenant_id, id) do nothing;
end $$
;
revoke all on function dueline.provision_tenant(uuid, text, bigint) from public
;
alter function dueline.provision_tenant(uuid, text, bigint) owner to dueline_append
;
create function dueline.provision_known() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from dueline.tenant_rows r where r.tenant_id = new.tenant_id and r.id = new.tenant_id) then
    perform dueline.provision_tenant(new.tenant_id, new.name, new.created_at);
  end if;
  return null;
end $$
;
revoke all on function dueline.provision_known() from public
;
alter function dueline.provision_known() owner to dueline_append
;
create function dueline.mirror_tenants() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into dueline.tenants (tenant_id, name, created_at) values (new.tenant_id, new.workspace, new.created_at) on conflict do nothing;
  return null;
end $$
;
revoke all on function dueline.mirror_tenants() from public
;
alter function dueline.mirror_tenants() owner to dueline_append
;
create trigger mirror_tenants after insert on dueline.tenant_rows for each row when (new.id = new.tenant_id)
  execute function dueline.mirror_tenants()
;
create trigger provision_known after insert on dueline.tenants for each row execute function dueline.provision_known()
;

-- Those that were there before, once.
create function dueline.provision_all() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_one record;
  v_at bigint := floor(extract(epoch from now()) * 1000);
begin
  for v_one in select n.tenant_id, n.name, n.created_at from dueline.tenants n order by n.tenant_id loop
    perform dueline.provision_tenant(v_one.tenant_id, v_one.name, v_one.created_at);
  end loop;
  -- From tenant to tenant along the key.
  for v_one in
    with recursive t as (
      (select e.tenant_id from dueline.events e order by e.tenant_id limit 1)
      union all
      select (select e.tenant_id from dueline.events e where e.tenant_id > t.tenant_id order by e.tenant_id limit 1)
      from t where t.tenant_id is not null
    )
    select t.tenant_id from t where t.tenant_id is not null and not exists (select from dueline.tenants n where n.tenant_id = t.tenant_id)
  loop
    perform dueline.provision_tenant(v_one.tenant_id, 'tenant-' || v_one.tenant_id, v_at);
  end loop;
end $$
;
revoke all on function dueline.provision_all() from public
;
alter function dueline.provision_all() owner to dueline_append
;
select dueline.provision_all()
;
drop function dueline.provision_all()
;
