-- Flows that are defined once for a tenant, found by their key when places are asked for.
select dueline.make_rows_table('flow', 'flowId', $$
  key text not null generated always as (row ->> 'key') stored,
  status text not null generated always as (row ->> 'status') stored,
  concurrency integer generated always as ((row ->> 'concurrency')::integer) stored,
  rate_per_second double precision generated always as ((row ->> 'ratePerSecond')::double precision) stored
$$)
;
create index flow_rows_key on dueline.flow_rows (tenant_id, key)
;
