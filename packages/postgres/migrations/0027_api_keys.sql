-- API keys: hashes of them.
select dueline.make_rows_table('api-key', 'apiKeyId', $$
  name text not null generated always as (row ->> 'name') stored,
  workspace text not null generated always as (row ->> 'workspace') stored,
  status text not null generated always as (row ->> 'status') stored,
  expires_at bigint generated always as ((row ->> 'expiresAt')::bigint) stored
$$)
;

-- A request with a key names the key alone: which tenant it is about is found out by that.
create index api_key_rows_address on dueline.api_key_rows (id)
;

-- When a key was used last, to about a minute: no history, hence beside the rows.
create table dueline.api_key_uses (
  tenant_id uuid not null,
  id uuid not null,
  used_at bigint not null,
  primary key (tenant_id, id)
) with (fillfactor = 50)
;
alter table dueline.api_key_uses enable row level security
;
alter table dueline.api_key_uses force row level security
;
create policy edge_reads on dueline.api_key_uses for select to dueline_edge
  using (tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid))
;
create policy append_writes on dueline.api_key_uses to dueline_append using (true) with check (true)
;
grant select, insert, update on dueline.api_key_uses to dueline_append
;
grant select on dueline.api_key_uses to dueline_edge
;
