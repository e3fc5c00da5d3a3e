-- The tables. Times are epoch milliseconds (bigint) except an event's recorded_at. No foreign key and no index across tenants
-- stands on the write path; nothing is indexed that the step from scheduled to running changes, so that this update stays in its page.

create table dueline.events (
    tenant_id uuid not null,
    stream_id uuid not null,
    version integer not null check (version > 0),
    category text not null,
    event_id uuid not null,
    type text not null,
    event_version integer not null,
    payload json not null,
    metadata json not null,
    recorded_at timestamptz not null,
    position bigint generated always as identity,
    xact xid8 not null default pg_current_xact_id(),
    primary key (tenant_id, stream_id, version)
  ) with (autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_analyze_scale_factor = 0.1)
;
create index events_order on dueline.events (xact, position)
;
create function dueline.refuse_change() returns trigger language plpgsql as $$
  begin
    raise exception 'events are never changed or deleted' using errcode = 'DL003';
  end $$
;
create trigger events_are_final before update or delete or truncate on dueline.events
    for each statement execute function dueline.refuse_change()
;

-- Lists go by listed_under, a copy of the tenant. Were they to go by tenant_id, then a look-up of one call, whose tenant and id the
-- list's index holds too, could be planned as a walk through all of a tenant's calls: on a young table both cost the planner the same.
create table dueline.service_calls (
    tenant_id uuid not null,
    call_id uuid not null,
    version integer not null,
    status text not null,
    created_at bigint not null,
    updated_at bigint not null,
    due_at bigint not null,
    wake_at bigint,
    revision integer not null,
    attempt integer not null,
    epoch integer not null,
    cancel_requested boolean not null,
    method text not null,
    url text not null,
    headers json not null,
    body_bytes integer not null,
    body_snippet json,
    timeout_ms integer not null,
    retry json not null,
    tags text[] not null,
    last_status integer,
    failure_reason text,
    ended_at bigint,
    worker text,
    lease_until bigint,
    correlation_id text not null,
    mishap text,
    sealed text,
    listed_under uuid not null generated always as (tenant_id) stored,
    primary key (tenant_id, call_id)
  ) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)
;
create index service_calls_due on dueline.service_calls (wake_at, call_id) where wake_at is not null
;
create index service_calls_list on dueline.service_calls (listed_under, created_at, call_id)
;
create index service_calls_mishap on dueline.service_calls (listed_under, mishap, created_at, call_id) where mishap is not null
;
create table dueline.outbox (
    position bigint generated always as identity,
    tenant_id uuid not null,
    event_id uuid not null,
    stream_id uuid not null,
    topic text not null,
    payload json not null,
    failures integer not null default 0,
    available_at bigint,
    last_error text,
    history jsonb not null default '[]',
    primary key (tenant_id, event_id)
  ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0)
;
create index outbox_fresh on dueline.outbox (position) where available_at is null
;
create index outbox_retry on dueline.outbox (available_at, position) where available_at is not null
;
create index outbox_waiting on dueline.outbox (tenant_id, stream_id, position) where available_at is not null
;
create table dueline.dead_letters (
    tenant_id uuid not null,
    event_id uuid not null,
    stream_id uuid not null,
    topic text not null,
    payload json not null,
    failures integer not null,
    last_error text not null,
    history jsonb not null,
    died_at bigint not null,
    primary key (tenant_id, event_id)
  )
;
create table dueline.receipts (
    tenant_id uuid not null,
    key text not null,
    fingerprint text not null,
    command_type text not null,
    stream_id uuid not null,
    version integer not null,
    answer json not null,
    expires_at bigint not null,
    primary key (tenant_id, key)
  ) with (autovacuum_vacuum_scale_factor = 0.05)
;

-- Rows arrive nearly in order of expiry, so a block range index finds the expired ones and costs the write path next to nothing.
create index receipts_expiry on dueline.receipts using brin (expires_at) with (pages_per_range = 32, autosummarize = on)
;
create table dueline.tenants (
    tenant_id uuid primary key,
    name text not null constraint tenants_name unique,
    created_at bigint not null
  )
;
