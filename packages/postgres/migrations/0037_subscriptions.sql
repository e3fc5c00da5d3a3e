-- Subscriptions: what they are, the messages that are kept for them, and the line in which each has them.
select dueline.make_rows_table('subscription', 'subscriptionId', $$
  name text generated always as (row ->> 'name') stored,
  status text not null generated always as (row ->> 'status') stored,
  redelivering boolean not null generated always as (coalesce(row #>> '{redelivery,done}', 'true') = 'false' and row ->> 'status' <> 'Deleted') stored
$$)
;
create index subscription_rows_kept on dueline.subscription_rows (tenant_id) where status <> 'Deleted'
;
create index subscription_rows_redelivering on dueline.subscription_rows (created_at, id) where redelivering
;
create table dueline.subscription_messages (
    tenant_id uuid not null,
    seq bigint generated always as identity,
    event_id uuid not null,
    stream_id uuid not null,
    topic text not null,
    payload json not null,
    kept_at bigint not null,
    sorted boolean not null default false,
    primary key (tenant_id, seq)
  ) with (fillfactor = 90)
;
create index subscription_messages_unsorted on dueline.subscription_messages (seq) where not sorted
;
create index subscription_messages_kept on dueline.subscription_messages (kept_at, seq)
;
create index subscription_messages_of_tenant on dueline.subscription_messages (tenant_id, kept_at, seq)
;
-- state: 0 waits behind another of its aggregate, 1 may have a call, 2 has one; ended: 3 delivered, 4 failed, 5 dropped.
create table dueline.deliveries (
    tenant_id uuid not null,
    place bigint generated always as identity,
    subscription_id uuid not null,
    seq bigint not null,
    redelivery integer not null default 0,
    stream_id uuid not null,
    state smallint not null default 0 check (state between 0 and 5),
    call_id uuid,
    called_at bigint,
    primary key (tenant_id, place),
    constraint delivery_once unique (tenant_id, seq, subscription_id, redelivery),
    foreign key (tenant_id, seq) references dueline.subscription_messages (tenant_id, seq) on delete cascade
  ) with (fillfactor = 70)
;
create index deliveries_line on dueline.deliveries (tenant_id, subscription_id, stream_id, place) where state < 3
;
create index deliveries_at_work on dueline.deliveries (tenant_id, subscription_id, state, place) where state in (1, 2)
;
create index deliveries_call on dueline.deliveries (tenant_id, call_id) where call_id is not null
;
alter table dueline.subscription_messages enable row level security
;
alter table dueline.subscription_messages force row level security
;
create policy append_writes on dueline.subscription_messages to dueline_append using (true) with check (true)
;
grant select, insert, update, delete on dueline.subscription_messages to dueline_append
;
alter table dueline.deliveries enable row level security
;
alter table dueline.deliveries force row level security
;
create policy append_writes on dueline.deliveries to dueline_append using (true) with check (true)
;
grant select, insert, update, delete on dueline.deliveries to dueline_append
;
-- Keeps what is published for the subscriptions of its tenant, in the transaction of the fact, whoever writes it. The ends of the calls that
-- deliveries are made with are left out: delivering them would never end.
create function dueline.keep_for_subscriptions() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from dueline.subscription_rows s where s.status <> 'Deleted') then
    return null;
  end if;
  insert into dueline.subscription_messages (tenant_id, event_id, stream_id, topic, payload, kept_at)
    select m.tenant_id, m.event_id, m.stream_id, m.topic, m.payload, floor(extract(epoch from clock_timestamp()) * 1000)::bigint
      from made m
      where exists (select from dueline.subscription_rows s where s.tenant_id = m.tenant_id and s.status <> 'Deleted')
        and not (m.topic like 'ops.service-call.%'
          and exists (select from dueline.deliveries d where d.tenant_id = m.tenant_id and d.call_id = m.stream_id))
      order by m.position;
  return null;
end $$
;
revoke all on function dueline.keep_for_subscriptions() from public
;
create trigger outbox_kept_for_subscriptions after insert on dueline.outbox
  referencing new table as made for each statement execute function dueline.keep_for_subscriptions()
;
