-- The documents alone: the old tables go, and views with their names and columns serve statements of the release before.
--
-- in one transaction with the functions

-- Commits write events first: those under way end before anything changes, and those that come next find the functions of after. Readers of
-- the old tables are waited for below.
lock table dueline.events in share mode
;
lock table dueline.customers, dueline.bins, dueline.orders in access exclusive mode
;
select dueline.check_ops_rows()
;
drop table dueline.customers, dueline.bins, dueline.orders, dueline.ops_rows_fill
;
drop function dueline.fill_ops_rows(integer), dueline.check_ops_rows(), dueline.mirror_customers(), dueline.mirror_bins(), dueline.mirror_orders()
;
create view dueline.customers with (security_invoker = true) as
  select r.tenant_id, r.id as customer_id, r.version, r.status, r.created_at, r.updated_at, r.erased_at,
    r.row ->> 'correlationId' as correlation_id, r.listed_under
  from dueline.customer_rows r
;
create view dueline.bins with (security_invoker = true) as
  select r.tenant_id, r.id as bin_id, r.version, r.serial_number, r.category, r.size_litres, r.capacity_litres, r.status, r.lat, r.lon,
    r.customer_id, r.created_at, r.updated_at, r.row ->> 'correlationId' as correlation_id, r.listed_under, r.lat_cell
  from dueline.bin_rows r
;
create view dueline.orders with (security_invoker = true) as
  select r.tenant_id, r.id as order_id, r.version, r.customer_id, r.bin_id, r.kind, r.status, r.window_from, r.window_to,
    r.row -> 'items' as items, r.row -> 'notifications' as notifications, r.created_at, r.updated_at, r.ended_at,
    r.row ->> 'correlationId' as correlation_id, r.listed_under
  from dueline.order_rows r
;
grant select on dueline.customers, dueline.bins, dueline.orders to dueline_writer, dueline_edge, dueline_append
;
