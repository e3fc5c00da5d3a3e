-- What was refused or is no event, and the tree over events and these entries: hashes of leaves in tiles of 256, the subtrees that are
-- complete, and what was signed of it.
create table dueline.audit_entries (
  tenant_id uuid not null,
  position bigint generated always as identity,
  xact xid8 not null default pg_current_xact_id(),
  recorded_at bigint not null,
  actor_kind text not null check (length(actor_kind) <= 20),
  actor_id text not null check (length(actor_id) <= 300),
  action text not null check (length(action) <= 100),
  resource text check (length(resource) <= 300),
  outcome text not null check (outcome in ('done', 'refused', 'left_out')),
  code text check (length(code) <= 100),
  correlation_id text not null check (length(correlation_id) <= 100),
  count integer not null,
  primary key (tenant_id, position)
)
;
create index audit_entries_order on dueline.audit_entries (xact, position)
;
create index audit_entries_list on dueline.audit_entries (tenant_id, xact desc, position desc)
;
create trigger audit_entries_are_final before update or delete or truncate on dueline.audit_entries
    for each statement execute function dueline.refuse_change()
;
alter table dueline.audit_entries enable row level security
;
alter table dueline.audit_entries force row level security
;
create policy edge_reads on dueline.audit_entries for select to dueline_edge
  using (tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid))
;
create policy writer_reads on dueline.audit_entries for select to dueline_writer using (true)
;
create policy append_writes on dueline.audit_entries to dueline_append using (true) with check (true)
;
grant select, insert on dueline.audit_entries to dueline_append
;
grant select on dueline.audit_entries to dueline_edge, dueline_writer
;

-- One row. Everything up to and with the two marks is in the tree. Peaks: roots of complete subtrees, the largest first, 32 bytes each.
create table dueline.audit_tree (
  only_row boolean primary key default true check (only_row),
  size bigint not null default 0,
  peaks bytea not null default '',
  event_xact xid8 not null default '0',
  event_position bigint not null default 0,
  entry_xact xid8 not null default '0',
  entry_position bigint not null default 0,
  sealed_at timestamptz not null default now()
) with (fillfactor = 50)
;
-- kinds: a letter for each leaf, e for an event, a for an entry; E and A when it was removed. The mark is that of the last event that was
-- sealed when the tile was written last.
create table dueline.audit_tiles (
  tile bigint primary key,
  hashes bytea not null,
  kinds text not null,
  event_xact xid8 not null,
  event_position bigint not null
)
;
alter table dueline.audit_tiles alter column hashes set storage external
;
create table dueline.audit_checkpoints (
  size bigint primary key,
  signed_at bigint not null,
  note text not null check (length(note) <= 2000)
)
;
insert into dueline.audit_tree default values
;
alter table dueline.audit_tree enable row level security
;
alter table dueline.audit_tree force row level security
;
alter table dueline.audit_tiles enable row level security
;
alter table dueline.audit_tiles force row level security
;
alter table dueline.audit_checkpoints enable row level security
;
alter table dueline.audit_checkpoints force row level security
;
create policy append_writes on dueline.audit_tree to dueline_append using (true) with check (true)
;
create policy append_writes on dueline.audit_tiles to dueline_append using (true) with check (true)
;
create policy append_writes on dueline.audit_checkpoints to dueline_append using (true) with check (true)
;
create policy writer_reads on dueline.audit_tree for select to dueline_writer using (true)
;
create policy writer_reads on dueline.audit_tiles for select to dueline_writer using (true)
;
create policy writer_reads on dueline.audit_checkpoints for select to dueline_writer using (true)
;
grant select, update on dueline.audit_tree to dueline_append
;
grant select, insert, update on dueline.audit_tiles to dueline_append
;
grant select, insert on dueline.audit_checkpoints to dueline_append
;
grant select on dueline.audit_tree, dueline.audit_tiles, dueline.audit_checkpoints to dueline_writer
;
