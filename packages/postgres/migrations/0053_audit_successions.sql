-- That one key of the audit log's checkpoints follows another: a note that both have signed, for whoever verifies over HTTP and has no file of it.
create table dueline.audit_successions (
  -- The key that follows, as its verifiers are given it.
  key text primary key check (length(key) <= 1000),
  note text not null check (length(note) <= 2000)
)
;
alter table dueline.audit_successions enable row level security
;
alter table dueline.audit_successions force row level security
;
create policy append_writes on dueline.audit_successions to dueline_append using (true) with check (true)
;
create policy writer_reads on dueline.audit_successions for select to dueline_writer using (true)
;
grant select, insert on dueline.audit_successions to dueline_append
;
grant select on dueline.audit_successions to dueline_writer
;
