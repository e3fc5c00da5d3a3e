/**
 * The columns of a service call's row: what each is called in `service_calls`, how it is picked from the row, whether steps change it, and
 * where it stands in the JSON that reads answer with. What `dueline.add_calls`, `dueline.step_calls` and `dueline.store_calls` take and do,
 * the columns that lists read and the JSON follow.
 *
 * A new column is `later` and comes last, with a migration that adds it (nullable) and lets the edge read it. Large texts that last come last in
 * the row: what is alike at the end of its old and its new form is not logged with a step.
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
  /** Said by the call's first event and never changed by a later one: a step leaves it as it is. */
  readonly lasting: boolean
  /** Added after the first release: a process of a former one leaves its parameter out. */
  readonly later: boolean
  /** The column that has it in rows of before, where this one is null. */
  readonly former: string | null
}

const column = (name: string, type: CallColumn["type"], json: string | null, pick: CallColumn["pick"]): CallColumn => ({
  name,
  type,
  pick,
  json,
  lasting: false,
  later: false,
  former: null
})

const lasting = (...parts: Parameters<typeof column>): CallColumn => ({ ...column(...parts), lasting: true })
const later = (...parts: Parameters<typeof column>): CallColumn => ({ ...column(...parts), later: true })
const moved = (former: string, ...parts: Parameters<typeof column>): CallColumn => ({
  ...later(...parts),
  lasting: true,
  former
})

/** Of a column that may not be null, and that only rows of before have anything in. */
const nothing = () => "{}"

const columns: ReadonlyArray<CallColumn> = [
  lasting("tenant_id", "uuid", "tenantId", ({ row }) => row.tenantId),
  lasting("call_id", "uuid", "callId", ({ row }) => row.callId),
  column("version", "int4", "version", ({ row }) => row.version),
  column("status", "text", "status", ({ row }) => row.status),
  lasting("created_at", "float8", "createdAt", ({ row }) => row.createdAt),
  column("updated_at", "float8", "updatedAt", ({ row }) => row.updatedAt),
  column("due_at", "float8", "dueAt", ({ row }) => row.dueAt),
  later("not_before", "float8", "notBefore", ({ row }) => row.notBefore),
  later("wait_reason", "text", "waitReason", ({ row }) => orNull(row.waitReason)),
  column("wake_at", "float8", "wakeAt", ({ row }) => row.wakeAt),
  column("revision", "int4", "revision", ({ row }) => row.revision),
  column("attempt", "int4", "attempt", ({ row }) => row.attempt),
  column("epoch", "int4", "epoch", ({ row }) => row.epoch),
  column("cancel_requested", "bool", "cancelRequested", ({ row }) => row.cancelRequested),
  lasting("method", "text", "request.method", ({ row }) => row.request.method),
  lasting("url", "text", "request.url", ({ row }) => storable(row.request.url)),
  lasting("headers", "json", null, nothing),
  lasting("body_bytes", "int4", "request.bodyBytes", ({ row }) => row.request.bodyBytes),
  lasting("body_snippet", "json", null, () => null),
  lasting("timeout_ms", "int4", "timeoutMs", ({ row }) => row.timeoutMs),
  lasting("retry", "json", null, nothing),
  lasting("tags", "list", "tags", ({ row }) => listLiteral(row.tags)),
  column("last_status", "int4", "lastStatus", ({ row }) => row.lastStatus),
  column("failure_reason", "text", "failureReason", ({ row }) => orNull(row.failureReason)),
  column("ended_at", "float8", "endedAt", ({ row }) => row.endedAt),
  column("worker", "text", "worker", ({ row }) => orNull(row.worker)),
  column("lease_until", "float8", "leaseUntil", ({ row }) => row.leaseUntil),
  lasting("correlation_id", "text", "correlationId", ({ row }) => row.correlationId),
  column("sealed", "text", null, ({ sealed }) => sealed),
  moved("headers", "request_headers", "json", "request.headers", ({ row }) => JSON.stringify(row.request.headers)),
  moved("body_snippet", "request_snippet", "json", "request.bodySnippet", ({ row: { request } }) =>
    request.bodySnippet === null ? null : JSON.stringify(request.bodySnippet)
  ),
  moved("retry", "retry_policy", "json", "retry", ({ row }) => JSON.stringify(row.retry)),
  {
    ...later("flow", "json", "flow", ({ row }) => (row.flow === null ? null : JSON.stringify(row.flow))),
    lasting: true
  }
]

/** What lists of failed and of cancelled calls go by; made of another column in the database, since old processes do not send it. */
const mishap = "case when r.status in ('Failed', 'Cancelled') then r.status end"

/** What a call is known by: never updated. */
const key: ReadonlyArray<string> = ["tenant_id", "call_id"]
const isKey = ({ name }: CallColumn): boolean => key.includes(name)

const listed = (all: ReadonlyArray<string>): string => all.join(", ")
const namesOf = (some: ReadonlyArray<CallColumn>): ReadonlyArray<string> => some.map(({ name }) => name)

/** What a step brings: the key, and what it may change. */
const stepped = columns.filter((column) => isKey(column) || !column.lasting)

type CallParameters = ReadonlyArray<readonly [type: ParameterType, pick: CallColumn["pick"]]>

const parametersOf = (some: ReadonlyArray<CallColumn>): CallParameters =>
  some.map(({ pick, type }) => [types[type].parameter, pick])

/** One for each parameter of `dueline.add_calls` and of `dueline.store_calls`, in their order. */
export const wholeParameters = parametersOf(columns)
/** One for each parameter of `dueline.step_calls`, in its order. */
export const stepParameters = parametersOf(stepped)

const declared = (some: ReadonlyArray<CallColumn>): string =>
  listed(
    some.map((column) => `r_${column.name} ${types[column.type].parameter}[]${isKey(column) ? "" : " default null"}`)
  )
const cast = ({ name, type }: CallColumn): string => `r.${name}${types[type].cast}`

/**
 * The parameters as rows that go by `r`. By their places: `unnest` of many arrays writes each of them down first, which costs a row ten times as
 * much.
 */
const rows = (some: ReadonlyArray<CallColumn>): string =>
  `(select ${listed(namesOf(some).map((name) => `r_${name}[n] as ${name}`))} from generate_series(1, cardinality(r_${key[0]})) n) r`

const insert = `insert into dueline.service_calls as k (${listed(namesOf(columns))}, mishap)
    select ${listed(columns.map(cast))}, ${mishap}
    from ${rows(columns)}`

const changed = stepped.filter((column) => !isKey(column))

/** What is there becomes `value`. A later column whose parameter was left out stays as it is. Each case costs, so the others have none. */
const replaced = ({ later, name }: CallColumn, value: string): string =>
  name === "sealed"
    ? `sealed = case when ${value} = '' then k.sealed else ${value} end`
    : later
      ? `${name} = case when r_${name} is null then k.${name} else ${value} end`
      : `${name} = ${value}`

/**
 * Texts of function files. A parameter that is left out is null: a process that was made before the column was knows nothing of it, goes on
 * calling what it knows, and leaves the column as it finds it.
 */
export const callTexts = {
  parameters: declared(columns),
  insert,
  upsert: `${insert}
    on conflict (${listed(key)}) do update set
      ${listed(columns.filter((column) => !isKey(column)).map((column) => replaced(column, `excluded.${column.name}`)))}, mishap = excluded.mishap`,
  stepped: declared(stepped),
  step: `update dueline.service_calls k set
      ${listed(changed.map((column) => replaced(column, cast(column))))}, mishap = ${mishap}
    from ${rows(stepped)}
    where ${key.map((name) => `k.${name} = r.${name}`).join(" and ")}`,
  /** What the JSON is made of, and so what a list reads. */
  shown: listed(
    columns.flatMap(({ former, json, name }) => (json === null ? [] : former === null ? [name] : [name, former]))
  )
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
  const members = columns.flatMap(({ former, json, name, type }): ReadonlyArray<Member> => {
    const own = former === null ? `${alias}.${name}` : `coalesce(${alias}.${name}, ${alias}.${former})`
    const value = type === "list" ? `to_json(${own})` : own
    return json === null ? [] : [{ path: json.split("."), value }]
  })
  return `json_build_object('_tag', 'ServiceCallRow', ${listed(objectOf(members))})`
}
