/** What several processes need that share one database: leases, and letters of every group that gave a message up. */
import type { Migration } from "./Migration.ts"
import { belongsToAppend } from "./stablePlan.ts"

const leases = [
  `create table dueline.leases (
    name text primary key check (length(name) <= 200),
    holder text not null check (length(holder) <= 200),
    until timestamptz not null
  ) with (fillfactor = 50)`,
  `alter table dueline.leases enable row level security`,
  `alter table dueline.leases force row level security`,
  `create policy append_writes on dueline.leases to dueline_append using (true) with check (true)`,
  `grant select, insert, update, delete on dueline.leases to dueline_append`
]

/** The clock is read when the row is held, so whoever waited for it is judged by the time it got it. */
const takeLease = `create function dueline.take_lease(p_name text, p_holder text, p_ttl_ms integer) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into dueline.leases as l (name, holder, until)
    values (p_name, p_holder, clock_timestamp() + p_ttl_ms * interval '1 millisecond')
    on conflict (name) do update set holder = p_holder, until = clock_timestamp() + p_ttl_ms * interval '1 millisecond'
      where l.holder = p_holder or l.until <= clock_timestamp();
  return found;
end $$`

const releaseLease = `create function dueline.release_lease(p_name text, p_holder text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  delete from dueline.leases l where l.name = p_name and l.holder = p_holder
$$`

/** `''` is the outbox itself: a message that never reached the bus. */
const deadLetters = [
  `alter table dueline.dead_letters add column consumer_group text not null default ''`,
  `alter table dueline.dead_letters drop constraint dead_letters_pkey`,
  `alter table dueline.dead_letters add primary key (tenant_id, event_id, consumer_group)`
]

const keepDeadLetter = `create function dueline.keep_dead_letter(
  p_tenant uuid, p_event uuid, p_group text, p_stream uuid, p_topic text, p_payload text, p_reasons text[], p_failures integer, p_at bigint
) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into dueline.dead_letters
      (tenant_id, event_id, consumer_group, stream_id, topic, payload, failures, last_error, history, died_at)
    values (p_tenant, p_event, p_group, p_stream, p_topic, p_payload::json, p_failures,
      coalesce(p_reasons[cardinality(p_reasons)], ''),
      (select coalesce(jsonb_agg(jsonb_build_object('error', r.reason) order by r.n), '[]')
        from unnest(p_reasons) with ordinality as r(reason, n)),
      p_at)
    on conflict do nothing
$$`

export const leasesAndLetters: Migration = {
  id: 7,
  name: "leases and letters",
  statements: [
    ...leases,
    takeLease,
    ...belongsToAppend("take_lease(text, text, integer)", "dueline_worker"),
    releaseLease,
    ...belongsToAppend("release_lease(text, text)", "dueline_worker"),
    ...deadLetters,
    keepDeadLetter,
    ...belongsToAppend("keep_dead_letter", "dueline_worker"),
    // A program that does not migrate itself looks here until another has.
    `grant select on dueline.migrations to dueline_writer, dueline_edge, dueline_worker`
  ]
}
