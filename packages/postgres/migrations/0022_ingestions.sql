-- Ingestions: events that came in, and requests that were refused.
select dueline.make_rows_table('ingestion', 'ingestionId', $$
  courier_source_id uuid not null generated always as ((row ->> 'courierSourceId')::uuid) stored,
  status text not null generated always as (row ->> 'status') stored,
  event_id text generated always as (row #>> '{event,eventId}') stored,
  type text generated always as (row #>> '{event,type}') stored,
  tracking_reference text generated always as (row #>> '{event,trackingReference}') stored,
  reason text generated always as (row #>> '{rejection,reason}') stored,
  ended_at bigint generated always as ((row ->> 'endedAt')::bigint) stored
$$)
;
