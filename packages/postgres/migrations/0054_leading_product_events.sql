-- Of what a request brought, the event that leads to the others when one asks for all of a cause: they came at the same millisecond, by which the
-- primary key finds them. Rows that are there lead each to itself. The index of each day is made by the next step.
alter table dueline.product_events add column leads boolean not null default true
;
create index product_events_leads on only dueline.product_events (tenant_id, correlation_id, received_at, id) where leads
;
