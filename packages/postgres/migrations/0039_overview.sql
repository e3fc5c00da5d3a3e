-- What an overview is made of, counted from the log as it grows, so that looking costs the same however many calls there are.
--
-- The nil tenant stands for all of them together.

-- Transactions before `xact` are counted.
create table dueline.overview_progress (
  tenant_id uuid primary key check (tenant_id = '00000000-0000-0000-0000-000000000000'),
  xact bigint not null,
  -- Until when everything is counted, epoch milliseconds.
  counted_at bigint not null
) with (fillfactor = 50)
;
insert into dueline.overview_progress values ('00000000-0000-0000-0000-000000000000', 0, 0)
;
create table dueline.call_counts (
  tenant_id uuid not null,
  status text not null,
  n bigint not null,
  primary key (tenant_id, status)
) with (fillfactor = 50)
;
-- Minutes since 1970.
create table dueline.call_minutes (
  tenant_id uuid not null,
  minute integer not null,
  submitted integer not null,
  succeeded integer not null,
  failed integer not null,
  cancelled integer not null,
  attempts_failed integer not null,
  primary key (tenant_id, minute)
) with (fillfactor = 70)
;
create index call_minutes_past on dueline.call_minutes (minute)
;
-- Calls that failed for good. '' stands for what had no room among a tenant's hundred of a minute.
create table dueline.call_failures (
  tenant_id uuid not null,
  minute integer not null,
  target text not null,
  reason text not null,
  n integer not null,
  primary key (tenant_id, minute, target, reason)
) with (fillfactor = 70)
;
create index call_failures_past on dueline.call_failures (minute)
;
-- Targets whose circuit held calls back, and until when.
create table dueline.call_circuits (
  tenant_id uuid not null,
  target text not null,
  until bigint not null,
  primary key (tenant_id, target)
) with (fillfactor = 70)
;
create index call_circuits_past on dueline.call_circuits (until)
;
alter table dueline.overview_progress enable row level security
;
alter table dueline.overview_progress force row level security
;
alter table dueline.call_counts enable row level security
;
alter table dueline.call_counts force row level security
;
alter table dueline.call_minutes enable row level security
;
alter table dueline.call_minutes force row level security
;
alter table dueline.call_failures enable row level security
;
alter table dueline.call_failures force row level security
;
alter table dueline.call_circuits enable row level security
;
alter table dueline.call_circuits force row level security
;
create policy append_writes on dueline.overview_progress to dueline_append using (true) with check (true)
;
create policy append_writes on dueline.call_counts to dueline_append using (true) with check (true)
;
create policy append_writes on dueline.call_minutes to dueline_append using (true) with check (true)
;
create policy append_writes on dueline.call_failures to dueline_append using (true) with check (true)
;
create policy append_writes on dueline.call_circuits to dueline_append using (true) with check (true)
;
grant select, insert, update, delete on dueline.overview_progress, dueline.call_counts, dueline.call_minutes, dueline.call_failures,
  dueline.call_circuits to dueline_append
;
-- Letters that wait are few among those that are kept.
create index dead_letters_waiting on dueline.dead_letters (tenant_id, died_at) where state = 'Waiting'
;
create index dead_letters_waiting_all on dueline.dead_letters (died_at) where state = 'Waiting'
;
