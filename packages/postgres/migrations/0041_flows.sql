-- Flows: what a call belongs to, and how many of each flow are under way.

-- Null for calls without one, and in rows of before.
alter table dueline.service_calls add column if not exists flow json
;
grant select (flow) on dueline.service_calls to dueline_edge
;
-- One row for each flow that something is under way of, or that has a rate: when the next of its calls may begin, in epoch ms.
create table dueline.flow_meters (
  tenant_id uuid not null,
  flow text not null,
  next_at double precision not null default 0,
  primary key (tenant_id, flow)
) with (fillfactor = 50)
;
-- One row for each call of a flow that is under way, or about to be.
create table dueline.flow_places (
  tenant_id uuid not null,
  flow text not null,
  call_id uuid not null,
  until timestamptz not null,
  primary key (tenant_id, flow, call_id)
)
;
alter table dueline.flow_meters enable row level security
;
alter table dueline.flow_meters force row level security
;
create policy append_writes on dueline.flow_meters to dueline_append using (true) with check (true)
;
grant select, insert, update, delete on dueline.flow_meters to dueline_append
;
alter table dueline.flow_places enable row level security
;
alter table dueline.flow_places force row level security
;
create policy append_writes on dueline.flow_places to dueline_append using (true) with check (true)
;
grant select, insert, update, delete on dueline.flow_places to dueline_append
;
