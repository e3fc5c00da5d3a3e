-- What products report, a partition for each UTC day on which it came: retention drops whole days, and no row is ever deleted.
--
-- The days are made ahead by keep_product_event_days, and by the first event of a day that is not there.
create table dueline.product_events (
  tenant_id uuid not null,
  day date not null,
  received_at bigint not null,
  id uuid not null,
  event_id text not null,
  type text not null,
  name text,
  user_id text,
  anonymous_id text,
  occurred_at bigint not null,
  schema_version text not null,
  workspace text not null,
  api_key_id uuid,
  correlation_id text not null,
  document json not null,
  primary key (tenant_id, day, received_at, id),
  -- Of one day; what other days hold is asked before.
  constraint product_event_once unique (tenant_id, event_id, day)
) partition by range (day)
;
create index product_events_cause on dueline.product_events (tenant_id, correlation_id, received_at, id)
;
alter table dueline.product_events enable row level security
;
alter table dueline.product_events force row level security
;
create policy edge_reads on dueline.product_events for select to dueline_edge
  using (tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid))
;
create policy append_writes on dueline.product_events to dueline_append using (true) with check (true)
;
grant select, insert on dueline.product_events to dueline_append
;
grant select on dueline.product_events to dueline_edge
;
