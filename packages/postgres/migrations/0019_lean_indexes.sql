-- Two indexes of the log that cost its writers less.
--
-- concurrently

drop index concurrently if exists dueline.events_by_transaction
;

-- Events arrive nearly in order of their transactions, so a block range index finds those of a few transactions and costs the write path next to
-- nothing. There is none for xid8 itself.
create index concurrently events_by_transaction on dueline.events using brin (((xact::text)::bigint)) with (pages_per_range = 32, autosummarize = on)
;
drop index concurrently if exists dueline.events_by_cause
;

-- A tenant's events in the order of their cause, by a number instead of the cause itself, which makes its entries half as long.
create index concurrently events_by_cause on dueline.events
  (uuid_hash_extended(tenant_id, hashtextextended((metadata ->> 'correlationId') collate "C", 0)), recorded_at)
;
