/** What is asked of the database about read models and the log beside them. */
import type { Category } from "@dueline/contracts/kinds"
import { type RowTable, rowTables } from "./rowTables.ts"

const columns = `e.tenant_id as "tenantId", e.stream_id as "streamId", e.version, e.category, e.type, e.event_version as "eventVersion",
    (extract(epoch from e.recorded_at) * 1000)::bigint::float8 as "recordedAt"`

export const pageStatement = `select ${columns}, case when e.category = any($5) then e.payload end as payload from dueline.events e
  where (e.tenant_id, e.stream_id, e.version) > ($1::uuid, $2::uuid, $3::int4)
  order by e.tenant_id, e.stream_id, e.version limit $4::int4`

export const rowsStatement = (categories: ReadonlyArray<Category>): string =>
  rowTables
    .filter(({ category }) => categories.includes(category))
    .map(
      ({ id, json, table }) => `select ${json("r")} as row from dueline.${table} r
    where (r.tenant_id, r.${id}) > ($1::uuid, $2::uuid) and (r.tenant_id, r.${id}) <= ($3::uuid, $4::uuid)`
    )
    .join(" union all ")

export const eventsStatement = `select ${columns}, e.payload, e.metadata ->> 'commandId' as "commandId" from dueline.events e
  where e.tenant_id = $1::uuid and e.stream_id = $2::uuid and e.version > $3::int4 order by e.version limit $4::int4`

export const lookStatement = ({ id, json, table }: RowTable): string =>
  `select k.t as "tenantId", k.s as "streamId", coalesce((
      select e.version from dueline.events e where e.tenant_id = k.t and e.stream_id = k.s and e.category = $3
        order by e.version desc limit 1), 0) as version,
    (select ${json("r")} from dueline.${table} r where r.tenant_id = k.t and r.${id} = k.s) as row
  from unnest($1, $2) as k(t, s)`

export const snapshotsStatement = `select s.tenant_id as "tenantId", s.stream_id as "streamId", e.category, e.version as "streamVersion",
    json_build_object('version', s.version, 'form', s.form, 'state', s.state) as snapshot
  from dueline.snapshots s
    join lateral (select e.category, e.version from dueline.events e where e.tenant_id = s.tenant_id and e.stream_id = s.stream_id
      order by e.version desc limit 1) e on true
  where (s.tenant_id, s.stream_id) > ($1::uuid, $2::uuid) order by s.tenant_id, s.stream_id limit $3::int4`

export const overlapsStatement = `with held as (
    select o.*, max(o.window_to) over (partition by o.tenant_id, o.bin_id order by o.window_from, o.id
      rows between unbounded preceding and 1 preceding) as taken_to
    from dueline.order_rows o where o.status in ('Scheduled', 'Confirmed')
  )
  select h.tenant_id as "tenantId", h.id as "streamId", (
      select o.id from held o where o.tenant_id = h.tenant_id and o.bin_id = h.bin_id and o.id <> h.id
        and o.window_from <= h.window_from and o.window_to > h.window_from limit 1) as other
  from held h where h.window_from < h.taken_to limit 100`

export const estimateStatement = `select greatest(reltuples, 0)::float8 as events from pg_class where oid = 'dueline.events'::regclass`
