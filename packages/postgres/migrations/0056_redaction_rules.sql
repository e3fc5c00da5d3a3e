-- What a tenant wants struck out beside what always is, and whether requests of its failed calls are kept. A rule that was taken away stays as a row
-- that says nothing, so that processes that ask for what has changed hear of it.
create table dueline.redaction_rules (
  tenant_id uuid primary key,
  patterns text[] not null check (cardinality(patterns) <= 32),
  keep_failed boolean not null,
  said boolean not null,
  set_at bigint not null,
  set_by text not null check (length(set_by) <= 1000),
  xact xid8 not null default pg_current_xact_id()
)
;
create index redaction_rules_changed on dueline.redaction_rules (xact)
;
alter table dueline.redaction_rules enable row level security
;
alter table dueline.redaction_rules force row level security
;
create policy append_writes on dueline.redaction_rules to dueline_append using (true) with check (true)
;
grant select, insert, update, delete on dueline.redaction_rules to dueline_append
;
