-- The edge tells how many messages of a subscription wait, and what of a time could be delivered once more.
create policy edge_reads on dueline.subscription_messages for select to dueline_edge
  using (tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid))
;
grant select on dueline.subscription_messages to dueline_edge
;
create policy edge_reads on dueline.deliveries for select to dueline_edge
  using (tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid))
;
grant select on dueline.deliveries to dueline_edge
;
