/**
 * The columns of a service call's row: what each is called in `service_calls`, how it is picked from the row, and where it stands in the
 * JSON that reads answer with. The parameters and the text of `dueline.store_calls`, the columns that lists read and the JSON follow.
 *
 * A new column is `later` and comes last, with a migration that adds it (nullable) and lets the edge read it.
 */
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"

/** `text` columns hold no U+0000 and no half of a surrogate pair; contents that may have them travel as JSON text instead. */
export const storable = (text: string): string => text.toWellFormed().replaceAll("\0", "\uFFFD")

export const orNull = (text: string | null): string | null => (text === null ? null : storable(text))

/** PostgreSQL's way to write a list of strings down. */
export const listLiteral = (items: ReadonlyArray<string>): string =>
  `{${items.map((item) => `"${storable(item).replace(/["\\]/gu, "\\$&")}"`).join(",")}}`

export interface StoredCall {
  readonly row: ServiceCallRow
  /** Null: there is none. '': the one that is kept already stays. */
  readonly sealed: string | null
}

/** How a column travels as a parameter, an array of that type; `cast` makes of an element what the column holds. */
const types = {
  uuid: { parameter: "uuid", cast: "" },
  int4: { parameter: "int4", cast: "" },
  /** A `bigint`: no number of a call is beyond what a double holds exactly. */
  float8: { parameter: "float8", cast: "" },
  bool: { parameter: "bool", cast: "" },
  text: { parameter: "text", cast: "" },
  /** JSON text, since it may hold what `text` and `jsonb` cannot, such as U+0000. */
  json: { parameter: "text", cast: "::json" },
  list: { parameter: "text", cast: "::text[]" }
} as const

export type ParameterType = (typeof types)[keyof typeof types]["parameter"]

interface CallColumn {
  readonly name: string
  readonly type: keyof typeof types
  readonly pick: (call: StoredCall) => unknown
  /** Its place in the JSON, or null for what nobody reads there. */
  readonly json: string | null
  /** Added after the first release: a process of a former one leaves its parameter out. */
  readonly later: boolean
}

const column = (name: string, type: CallColumn["type"], json: string | null, pick: CallColumn["pick"]): CallColumn => ({
  name,
  type,
  pick,
  json,
  later: false
})

const later = (...parts: Parameters<typeof column>): CallColumn => ({ ...column(...parts), later: true })

const columns: ReadonlyArray<CallColumn> = [
  column("tenant_id", "uuid", "tenantId", ({ row }) => row.tenantId),
  column("call_id", "uuid", "callId", ({ row }) => row.callId),
  column("version", "int4", "version", ({ row }) => row.version),
  column("status", "text", "status", ({ row }) => row.status),
  column("created_at", "float8", "createdAt", ({ row }) => row.createdAt),
  column("updated_at", "float8", "updatedAt", ({ row }) => row.updatedAt),
  column("due_at", "float8", "dueAt", ({ row }) => row.dueAt),
  later("not_before", "float8", "notBefore", ({ row }) => row.notBefore),
  later("wait_reason", "text", "waitReason", ({ row }) => orNull(row.waitReason)),
  column("wake_at", "float8", "wakeAt", ({ row }) => row.wakeAt),
  column("revision", "int4", "revision", ({ row }) => row.revision),
  column("attempt", "int4", "attempt", ({ row }) => row.attempt),
  column("epoch", "int4", "epoch", ({ row }) => row.epoch),
  column("cancel_requested", "bool", "cancelRequested", ({ row }) => row.cancelRequested),
  column("method", "text", "request.method", ({ row }) => row.request.method),
  column("url", "text", "request.url", ({ row }) => storable(row.request.url)),
  column("headers", "json", "request.headers", ({ row }) => JSON.stringify(row.request.headers)),
  column("body_bytes", "int4", "request.bodyBytes", ({ row }) => row.request.bodyBytes),
  column("body_snippet", "json", "request.bodySnippet", ({ row }) =>
    row.request.bodySnippet === null ? null : JSON.stringify(row.request.bodySnippet)
  ),
  column("timeout_ms", "int4", "timeoutMs", ({ row }) => row.timeoutMs),
  column("retry", "json", "retry", ({ row }) => JSON.stringify(row.retry)),
  column("tags", "list", "tags", ({ row }) => listLiteral(row.tags)),
  column("last_status", "int4", "lastStatus", ({ row }) => row.lastStatus),
  column("failure_reason", "text", "failureReason", ({ row }) => orNull(row.failureReason)),
  column("ended_at", "float8", "endedAt", ({ row }) => row.endedAt),
  column("worker", "text", "worker", ({ row }) => orNull(row.worker)),
  column("lease_until", "float8", "leaseUntil", ({ row }) => row.leaseUntil),
  column("correlation_id", "text", "correlationId", ({ row }) => row.correlationId),
  column("sealed", "text", null, ({ sealed }) => sealed)
]

/** What lists of failed and of cancelled calls go by; made of another column in the database, since old processes do not send it. */
const mishap = "case when r.status in ('Failed', 'Cancelled') then r.status end"

/** What a call is known by: never updated. */
const key: ReadonlyArray<string> = ["tenant_id", "call_id"]

const listed = (all: ReadonlyArray<string>): string => all.join(", ")
const names = columns.map(({ name }) => name)

/** One for each parameter of `dueline.store_calls`, in its order. */
export const callParameters: ReadonlyArray<readonly [type: ParameterType, pick: CallColumn["pick"]]> = columns.map(
  ({ pick, type }) => [types[type].parameter, pick]
)

/** As an update has it: a later column whose parameter was left out stays as it is. Each case costs, so the others have none. */
const updated = ({ later, name }: CallColumn): string =>
  name === "sealed"
    ? "sealed = case when excluded.sealed = '' then k.sealed else excluded.sealed end"
    : later
      ? `${name} = case when r_${name} is null then k.${name} else excluded.${name} end`
      : `${name} = excluded.${name}`

/**
 * Texts of function files. A parameter that is left out is null: a process that was made before the column was knows nothing of it, goes on
 * calling what it knows, and leaves the column as it finds it.
 */
export const callTexts = {
  parameters: listed(
    columns.map(({ name, type }) => `r_${name} ${types[type].parameter}[]${key.includes(name) ? "" : " default null"}`)
  ),
  upsert: `insert into dueline.service_calls as k (${listed(names)}, mishap)
    select ${listed(columns.map(({ name, type }) => `r.${name}${types[type].cast}`))}, ${mishap}
    from unnest(${listed(names.map((name) => `r_${name}`))}) as r(${listed(names)})
    on conflict (${listed(key)}) do update set
      ${listed(columns.filter(({ name }) => !key.includes(name)).map(updated))}, mishap = excluded.mishap`,
  /** What the JSON is made of, and so what a list reads. */
  shown: listed(columns.filter(({ json }) => json !== null).map(({ name }) => name))
}

interface Member {
  readonly path: ReadonlyArray<string>
  readonly value: string
}

const objectOf = (members: ReadonlyArray<Member>): ReadonlyArray<string> =>
  [...new Set(members.map(({ path }) => path[0]))].flatMap((name) => {
    const inner = members.flatMap(({ path: [first, ...path], value }) => (first === name ? [{ path, value }] : []))
    const value = inner.find(({ path }) => path.length === 0)?.value ?? `json_build_object(${listed(objectOf(inner))})`
    return [`'${name}'`, value]
  })

/** SQL for a `ServiceCallRow` as JSON, from a row of `service_calls` or a part of it that goes by `alias`. */
export const callJson = (alias: string): string => {
  const members = columns.flatMap(({ json, name, type }): ReadonlyArray<Member> => {
    const value = type === "list" ? `to_json(${alias}.${name})` : `${alias}.${name}`
    return json === null ? [] : [{ path: json.split("."), value }]
  })
  return `json_build_object('_tag', 'ServiceCallRow', ${listed(objectOf(members))})`
}
