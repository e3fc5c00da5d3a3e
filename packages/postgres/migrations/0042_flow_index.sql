-- Live calls of a flow, in the order in which they are due. Calls without a flow are not in it.
--
-- concurrently

-- In a new database indexes come before the steps that are made with the functions, and so before the step that adds the column.
alter table dueline.service_calls add column if not exists flow json
;
drop index concurrently if exists dueline.service_calls_flow
;
create index concurrently service_calls_flow on dueline.service_calls (tenant_id, (flow ->> 'key'), wake_at)
  where flow is not null and wake_at is not null
;
