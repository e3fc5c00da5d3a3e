/**
 * What was, and putting right what is: events by stream and by what they were caused by, and how rows that disagree with the log are held
 * while they are made anew.
 */
import type { Migration } from "./Migration.ts"
import { belongsToAppend, stablePlan } from "./stablePlan.ts"

const setTenant = `perform set_config('app.current_tenant', p_tenant::text, true);`

const recorded = `'recordedAt', (extract(epoch from e.recorded_at) * 1000)::bigint, 'version', e.version`
const event = `'eventId', e.event_id, 'type', e.type, 'eventVersion', e.event_version, 'payload', e.payload, 'metadata', e.metadata,
      ${recorded}`

const forEdge = (signature: string): ReadonlyArray<string> => [
  `revoke all on function dueline.${signature} from public`,
  `grant execute on function dueline.${signature} to dueline_edge`
]

const stream = `create function dueline.stream_events(p_tenant uuid, p_category text, p_stream uuid, p_after integer, p_limit integer)
returns setof json language plpgsql ${stablePlan} as $$
begin
  ${setTenant}
  return query
    select json_build_object(${event}) from dueline.events e
    where e.tenant_id = p_tenant and e.stream_id = p_stream and e.version > p_after and e.category = p_category
    order by e.version limit p_limit;
end $$`

/**
 * The tenant's events in the order of their cause, so far as the time tells it: within one millisecond the few there are get sorted.
 * Leaving stream and version out makes the index a quarter as large.
 */
const cause = `(e.metadata ->> 'correlationId') collate "C"`
const index = `create index events_cause on dueline.events (tenant_id, (${cause.replaceAll("e.metadata", "metadata")}), recorded_at)`

/**
 * Where the events are that belong together. It runs as `dueline_append`, because row-level security keeps operators it does not trust,
 * such as those that look into JSON, from being asked of an index. The tenant is the session's, and what is at a place is read under the
 * policies. For the same reason the planner does not see by itself that all have one cause, and is told to go by it; nor may it sort:
 * however few it expects, it would first fetch all of the cause.
 */
const correlated = `create function dueline.correlated(
  p_correlation text, p_recorded timestamptz, p_stream uuid, p_version integer, p_limit integer
) returns table (stream_id uuid, version integer) language plpgsql stable security definer ${stablePlan} set enable_sort = off as $$
begin
  return query
    select e.stream_id, e.version from dueline.events e
    where e.tenant_id = nullif(current_setting('app.current_tenant', true), '')::uuid and ${cause} = p_correlation
      and e.recorded_at >= p_recorded and (e.recorded_at, e.stream_id, e.version) > (p_recorded, p_stream, p_version)
    order by ${cause}, e.recorded_at, e.stream_id, e.version limit p_limit;
end $$`

const timeline = `create function dueline.timeline(
  p_tenant uuid, p_correlation text, p_recorded float8, p_stream uuid, p_version integer, p_limit integer
) returns setof json language plpgsql ${stablePlan} as $$
begin
  ${setTenant}
  return query
    select (
      select json_build_object('category', e.category, 'streamId', e.stream_id, ${event}) from dueline.events e
        where e.tenant_id = p_tenant and e.stream_id = c.stream_id and e.version = c.version)
    from dueline.correlated(p_correlation, to_timestamp(p_recorded / 1000), p_stream, p_version, p_limit) with ordinality c
    order by c.ordinality;
end $$`

const rows = [
  { category: "service-call", table: "service_calls", id: "call_id" },
  { category: "customer", table: "customers", id: "customer_id" },
  { category: "bin", table: "bins", id: "bin_id" },
  { category: "order", table: "orders", id: "order_id" }
]

const each = (statement: (of: (typeof rows)[number]) => string): string =>
  rows.map((of) => `  if p_category = '${of.category}' then\n    ${statement(of)}\n  end if;`).join("\n")

/**
 * Those of the rows that nobody is writing at the moment; until this transaction ends nobody will. It waits for none of them. Row by
 * row, lest the table be walked: it may be one that the planner still believes to be empty.
 */
const holdRows = `create function dueline.hold_rows(p_category text, p_tenant uuid[], p_id uuid[])
returns table (tenant_id uuid, id uuid) language plpgsql security definer ${stablePlan} as $$
begin
${each(
  ({ id, table }) => `return query select k.t, k.i from unnest(p_tenant, p_id) k(t, i) cross join lateral (
      select from dueline.${table} r where r.tenant_id = k.t and r.${id} = k.i for no key update skip locked) held;`
)}
end $$`

/** Rows that no event speaks of. */
const dropRows = `create function dueline.drop_rows(p_category text, p_tenant uuid[], p_id uuid[]) returns integer
language plpgsql security definer ${stablePlan} as $$
declare
  k record;
  dropped integer := 0;
begin
  for k in select * from unnest(p_tenant, p_id) u(t, i) where not exists (
    select from dueline.events e where e.tenant_id = u.t and e.stream_id = u.i and e.category = p_category
  ) loop
${each(({ id, table }) => `delete from dueline.${table} r where r.tenant_id = k.t and r.${id} = k.i;`)}
    dropped := dropped + 1;
  end loop;
  return dropped;
end $$`

export const timelines: Migration = {
  id: 11,
  name: "timelines",
  statements: [
    stream,
    ...forEdge("stream_events(uuid, text, uuid, integer, integer)"),
    index,
    correlated,
    ...belongsToAppend("correlated(text, timestamptz, uuid, integer, integer)", "dueline_edge"),
    timeline,
    ...forEdge("timeline(uuid, text, float8, uuid, integer, integer)"),
    `grant delete on ${rows.map(({ table }) => `dueline.${table}`).join(", ")} to dueline_append`,
    holdRows,
    ...belongsToAppend("hold_rows(text, uuid[], uuid[])", "dueline_writer"),
    dropRows,
    ...belongsToAppend("drop_rows(text, uuid[], uuid[])", "dueline_writer")
  ]
}
