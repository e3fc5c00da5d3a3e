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

-- Keeps the id, if there is none yet, and the fingerprints of the keys in use. Nothing happens, and null is answered, when somebody else
-- has noted keys meanwhile that the caller has not seen: whoever decided without them decides again. `p_replace` forgets all others.
create function dueline.note_installation(
  p_id uuid, p_purposes text[], p_fingerprints text[], p_seen text[], p_replace boolean
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  lock table dueline.installation_keys in share row exclusive mode;
  if exists (select from dueline.installation_keys k where k.fingerprint <> all (p_seen)) then
    return null;
  end if;
  insert into dueline.installation (installation_id) values (p_id) on conflict (only_row) do nothing;
  if p_replace then
    delete from dueline.installation_keys k where k.fingerprint <> all (p_fingerprints);
  end if;
  insert into dueline.installation_keys (purpose, fingerprint)
    select k.purpose, k.fingerprint from unnest(p_purposes, p_fingerprints) as k(purpose, fingerprint) on conflict do nothing;
  return (select i.installation_id from dueline.installation i);
end $$
;
revoke all on function dueline.note_installation from public
;
grant execute on function dueline.note_installation to dueline_writer
;
alter function dueline.note_installation owner to dueline_append
;

-- Writes `p_bytes` (rounded up to 32) that nothing can compress in place of the last probe's.
create function dueline.probe(p_name text, p_bytes integer) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into dueline.probes as p (name, written_at, filler)
    values (p_name, clock_timestamp(),
      coalesce((select string_agg(md5(random()::text), '') from generate_series(1, (p_bytes + 31) / 32)), ''))
    on conflict (name) do update set written_at = excluded.written_at, filler = excluded.filler
$$
;
revoke all on function dueline.probe from public
;
grant execute on function dueline.probe to dueline_writer, dueline_worker
;
alter function dueline.probe owner to dueline_append
;
