-- Which installation this database belongs to, by an id that its home has too, and which keys have been used with it, by fingerprints that
-- tell nothing about a key. One row, made with the first start.
create table dueline.installation (
  only_row boolean primary key default true check (only_row),
  installation_id uuid not null,
  made_at timestamptz not null default now()
)
;
create table dueline.installation_keys (
  purpose text not null check (purpose in ('seal', 'sign', 'token')),
  fingerprint text not null check (length(fingerprint) <= 100),
  noted_at timestamptz not null default now(),
  primary key (purpose, fingerprint)
)
;
-- What a process writes to see whether it can write. The filler is neither compressed nor kept in the row, so that a probe that brings one
-- needs new space, as a commit does.
create table dueline.probes (
  name text primary key check (length(name) <= 100),
  written_at timestamptz not null,
  filler text not null
) with (fillfactor = 50)
;
alter table dueline.probes alter column filler set storage external
;
alter table dueline.installation enable row level security
;
alter table dueline.installation force row level security
;
alter table dueline.installation_keys enable row level security
;
alter table dueline.installation_keys force row level security
;
alter table dueline.probes enable row level security
;
alter table dueline.probes force row level security
;
create policy append_writes on dueline.installation to dueline_append using (true) with check (true)
;
create policy append_writes on dueline.installation_keys to dueline_append using (true) with check (true)
;
create policy append_writes on dueline.probes to dueline_append using (true) with check (true)
;
create policy writer_reads on dueline.installation for select to dueline_writer using (true)
;
create policy writer_reads on dueline.installation_keys for select to dueline_writer using (true)
;
grant select, insert on dueline.installation to dueline_append
;
grant select, insert, delete on dueline.installation_keys to dueline_append
;
grant select, insert, update on dueline.probes to dueline_append
;
grant select on dueline.installation, dueline.installation_keys to dueline_writer
;
