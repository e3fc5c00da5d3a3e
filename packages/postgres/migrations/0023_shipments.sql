-- Shipments, as their couriers tell of them.
select dueline.make_rows_table('shipment', 'shipmentId', $$
  courier_source_id uuid not null generated always as ((row ->> 'courierSourceId')::uuid) stored,
  tracking_reference text not null generated always as (row ->> 'trackingReference') stored,
  order_id uuid generated always as ((row ->> 'orderId')::uuid) stored,
  status text not null generated always as (row ->> 'status') stored,
  status_at bigint not null generated always as ((row ->> 'statusAt')::bigint) stored
$$)
;
