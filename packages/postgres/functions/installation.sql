-- What a process keeps of its installation, and what it writes to see whether it can.

-- Keeps the id, if there is none yet, and the fingerprints of the keys in use. Nothing happens, and null is answered, when somebody else
-- has noted keys meanwhile that the caller has not seen: whoever decided without them decides again. `p_replace` forgets all others.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.note_installation(
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

-- The same as whoever may read the tables finds, for a process that may not: enough to tell whether its home and this database belong together.
--
-- callers: dueline_ingest
-- owner: dueline_append
create or replace function dueline.installation_facts() returns json
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select json_build_object('id', (select i.installation_id from dueline.installation i),
    'keys', coalesce((select json_agg(json_build_object('purpose', k.purpose, 'fingerprint', k.fingerprint)) from dueline.installation_keys k), '[]'),
    'used', exists (select from dueline.service_calls) or exists (select from dueline.personal_data))
$$
;

-- Writes `p_bytes` (rounded up to 32) that nothing can compress in place of the last probe's.
--
-- callers: dueline_writer, dueline_worker
-- owner: dueline_append
create or replace function dueline.probe(p_name text, p_bytes integer) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into dueline.probes as p (name, written_at, filler)
    values (p_name, clock_timestamp(),
      coalesce((select string_agg(md5(random()::text), '') from generate_series(1, (p_bytes + 31) / 32)), ''))
    on conflict (name) do update set written_at = excluded.written_at, filler = excluded.filler
$$
;
