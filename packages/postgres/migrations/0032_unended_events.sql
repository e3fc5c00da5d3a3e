-- Couriers' events that have not come to their end, by the time they came in: few, and looked for when their messages may be lost.
create index ingestion_rows_unended on dueline.ingestion_rows (created_at, id) where ended_at is null and source = 'courier'
;
