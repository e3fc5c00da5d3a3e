-- Ingestions that are payloads for orders: they have no courier source, and a time at which they are looked at until they have ended.
alter table dueline.ingestion_rows
  alter column courier_source_id drop not null,
  add column source text not null generated always as (case when row -> 'dropbin' is null then 'courier' else 'dropbin' end) stored,
  add column due_at bigint generated always as ((row #>> '{dropbin,dueAt}')::bigint) stored
;
create index ingestion_rows_due on dueline.ingestion_rows (due_at, id) where due_at is not null
;
