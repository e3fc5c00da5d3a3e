/**
 * Customers, bins and orders: their read models, personal data in a table of its own, and snapshots of streams. Times are epoch
 * milliseconds. What must hold between rows of one table is a constraint here; what must hold between tables, `commit_field` sees to.
 */
import { fieldWrites } from "./0009_commit_field.ts"
import { loads } from "./0009_load_batch.ts"
import type { Migration } from "./Migration.ts"

/**
 * No plan for a row by its id may become a walk through a list. Hence `listed_under`, a copy of the tenant, and the serial number before
 * the tenant. And while a table has one row all its indexes cost the planner the same: the youngest wins, so the primary key comes last.
 */
const customersAndBins = [
  `create table dueline.customers (
    tenant_id uuid not null,
    customer_id uuid not null,
    version integer not null,
    status text not null,
    created_at bigint not null,
    updated_at bigint not null,
    erased_at bigint,
    correlation_id text not null,
    listed_under uuid not null generated always as (tenant_id) stored
  ) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)`,
  `create index customers_list on dueline.customers (listed_under, created_at, customer_id)`,
  `alter table dueline.customers add primary key (tenant_id, customer_id)`,
  // Dropping the key makes every copy of the profile unreadable; both are gone when the row is.
  `create table dueline.personal_data (
    tenant_id uuid not null,
    customer_id uuid not null,
    data_key text not null,
    profile text not null,
    primary key (tenant_id, customer_id)
  ) with (autovacuum_vacuum_scale_factor = 0.05)`,
  `create table dueline.bins (
    tenant_id uuid not null,
    bin_id uuid not null,
    version integer not null,
    serial_number text not null,
    category text not null,
    size_litres integer not null,
    capacity_litres integer not null,
    status text not null,
    lat double precision,
    lon double precision check ((lat is null) = (lon is null)),
    customer_id uuid,
    created_at bigint not null,
    updated_at bigint not null,
    correlation_id text not null,
    listed_under uuid not null generated always as (tenant_id) stored,
    constraint bins_serial unique (serial_number, tenant_id) deferrable initially immediate
  ) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)`,
  `create index bins_list on dueline.bins (listed_under, created_at, bin_id)`,
  `alter table dueline.bins add primary key (tenant_id, bin_id)`
]

/** One half of an id as a number: `0` the higher one, `1` the lower. */
const half = `create function dueline.half(p_id uuid, p_half integer) returns bigint language sql immutable strict parallel safe
return ('x' || substr(replace(p_id::text, '-', ''), 1 + 16 * p_half, 16))::bit(64)::bigint`

const isHalf = (column: string, which: 0 | 1): string =>
  `int8range(dueline.half(${column}, ${which}), dueline.half(${column}, ${which}), '[]') with =`

const active = `status in ('Scheduled', 'Confirmed')`

/**
 * Without an extension only ranges can be compared in such a constraint, hence bin and tenant as ranges of one number. (A range over
 * a composite type says the same in one column, but nothing tells its index how far two values are apart, and at 100,000 orders it
 * costs fifteen times as much.) Judged at the end of a statement, so that two orders can swap their windows in one.
 *
 * What bin and what customer have active orders is said in two ways, so that the planner can take neither index for the other.
 */
const orders = [
  half,
  `create table dueline.orders (
    tenant_id uuid not null,
    order_id uuid not null,
    version integer not null,
    customer_id uuid not null,
    bin_id uuid not null,
    kind text not null,
    status text not null,
    window_from bigint,
    window_to bigint,
    items json not null,
    notifications json not null,
    created_at bigint not null,
    updated_at bigint not null,
    ended_at bigint,
    correlation_id text not null,
    listed_under uuid not null generated always as (tenant_id) stored,
    constraint orders_hold check (not ${active} or (window_from is not null and window_to is not null and window_from < window_to)),
    constraint orders_window exclude using gist (
      ${isHalf("bin_id", 0)}, ${isHalf("bin_id", 1)}, ${isHalf("tenant_id", 0)}, ${isHalf("tenant_id", 1)},
      int8range(window_from, window_to) with &&
    ) where (${active}) deferrable initially immediate
  ) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)`,
  `create index orders_list on dueline.orders (listed_under, created_at, order_id)`,
  `alter table dueline.orders add primary key (tenant_id, order_id)`,
  `create index orders_of_bin on dueline.orders (tenant_id, bin_id, window_from) where ${active}`,
  `create index orders_of_customer on dueline.orders (listed_under, customer_id)
    where status not in ('Draft', 'Completed', 'Cancelled')`
]

const snapshots = [
  `create table dueline.snapshots (
    tenant_id uuid not null,
    stream_id uuid not null,
    version integer not null,
    form integer not null,
    state json not null,
    primary key (tenant_id, stream_id)
  ) with (autovacuum_vacuum_scale_factor = 0.05)`
]

const tables = ["customers", "personal_data", "bins", "orders", "snapshots"]

/** As for the tables before. */
const secured = tables.flatMap((table) => [
  `alter table dueline.${table} enable row level security`,
  `alter table dueline.${table} force row level security`,
  `create policy edge_reads on dueline.${table} for select to dueline_edge
    using (tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid))`,
  `create policy writer_reads on dueline.${table} for select to dueline_writer using (true)`,
  `create policy append_writes on dueline.${table} to dueline_append using (true) with check (true)`,
  `grant select, insert, update on dueline.${table} to dueline_append`,
  `grant select on dueline.${table} to dueline_writer`
])

/** The edge opens profiles; snapshots are the writer's own affair. */
const grants = [
  `grant delete on dueline.personal_data to dueline_append`,
  `grant select on dueline.customers, dueline.personal_data, dueline.bins, dueline.orders to dueline_edge`
]

export const fieldOperations: Migration = {
  id: 9,
  name: "field operations",
  statements: [...customersAndBins, ...orders, ...snapshots, ...secured, ...grants, ...fieldWrites, ...loads]
}
