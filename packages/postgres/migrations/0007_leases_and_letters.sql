-- What several processes need that share one database: leases, and letters of every group that gave a message up.

create table dueline.leases (
    name text primary key check (length(name) <= 200),
    holder text not null check (length(holder) <= 200),
    until timestamptz not null
  ) with (fillfactor = 50)
;
alter table dueline.leases enable row level security
;
alter table dueline.leases force row level security
;
create policy append_writes on dueline.leases to dueline_append using (true) with check (true)
;
grant select, insert, update, delete on dueline.leases to dueline_append
;
create function dueline.take_lease(p_name text, p_holder text, p_ttl_ms integer) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into dueline.leases as l (name, holder, until)
    values (p_name, p_holder, clock_timestamp() + p_ttl_ms * interval '1 millisecond')
    on conflict (name) do update set holder = p_holder, until = clock_timestamp() + p_ttl_ms * interval '1 millisecond'
      where l.holder = p_holder or l.until <= clock_timestamp();
  return found;
end $$
;
revoke all on function dueline.take_lease(text, text, integer) from public
;
grant execute on function dueline.take_lease(text, text, integer) to dueline_worker
;
alter function dueline.take_lease(text, text, integer) owner to dueline_append
;
create function dueline.release_lease(p_name text, p_holder text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  delete from dueline.leases l where l.name = p_name and l.holder = p_holder
$$
;
revoke all on function dueline.release_lease(text, text) from public
;
grant execute on function dueline.release_lease(text, text) to dueline_worker
;
alter function dueline.release_lease(text, text) owner to dueline_append
;

-- '' is the outbox itself: a message that never reached the bus.
alter table dueline.dead_letters add column consumer_group text not null default ''
;
alter table dueline.dead_letters drop constraint dead_letters_pkey
;
alter table dueline.dead_letters add primary key (tenant_id, event_id, consumer_group)
;
create function dueline.keep_dead_letter(
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
$$
;
revoke all on function dueline.keep_dead_letter from public
;
grant execute on function dueline.keep_dead_letter to dueline_worker
;
alter function dueline.keep_dead_letter owner to dueline_append
;

-- A program that does not migrate itself looks here until another has.
grant select on dueline.migrations to dueline_writer, dueline_edge, dueline_worker
;
