/** Reads the tables as they are, as the database's superuser: what the checkers hold against everything else. */
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { callJson } from "@dueline/postgres/schema/callColumns"
import { withSession } from "@dueline/postgres/Database"
import { serverAccount } from "@dueline/postgres/embedded/ServerBinaries"
import { serverPlace } from "@dueline/postgres/embedded/ServerPlace"
import { Effect, Redacted } from "effect"
import type {
  StoredCall,
  StoredDelivery,
  StoredIngestion,
  StoredJobItem,
  StoredOrder,
  StoredPayload,
  StoredProductEvent,
  StoredShipment,
  StoredStream
} from "./History.ts"

const name = "dueline"

export interface DatabaseAt {
  /** As the program is given it; empty for the embedded one. */
  readonly url: string
  /** Each in a transaction of its own; rejects when the database cannot be reached or refuses. */
  readonly ask: <Row extends object>(
    statement: string,
    parameters?: ReadonlyArray<unknown>
  ) => Promise<ReadonlyArray<Row>>
}

const asking =
  (connection: Parameters<typeof withSession>[0]): DatabaseAt["ask"] =>
  <Row extends object>(statement: string, parameters: ReadonlyArray<unknown> = []) =>
    Effect.runPromise(withSession(connection, (sql) => sql.unsafe<Row>(statement, parameters)))

/** A database of its own on the server behind the URL. */
export const serverDatabase = (server: string): DatabaseAt => {
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, ask: asking({ url: Redacted.make(url.href) }) }
}

export const createDatabase = async (server: string): Promise<void> => {
  await asking({ url: Redacted.make(server) })(`create database ${name}`)
}

export const embeddedDatabase = (home: string): DatabaseAt => ({
  url: "",
  ask: (statement, parameters) => {
    const { socketDirectory } = serverPlace(home, serverAccount())
    const connection = { host: socketDirectory, port: 5432, username: "dueline_admin", database: name }
    return asking(connection)(statement, parameters)
  }
})

interface StoredEvent {
  readonly tenantId: string
  readonly callId: string
  readonly event: RecordedEvent
}

const pageLimit = 5_000

const eventsAfter = `select tenant_id::text as "tenantId", stream_id::text as "callId",
    json_build_object('eventId', event_id, 'type', type, 'eventVersion', event_version, 'payload', payload, 'metadata', metadata,
      'recordedAt', (extract(epoch from recorded_at) * 1000)::bigint, 'version', version) as event
  from dueline.events where category = 'service-call' and (tenant_id, stream_id, version) > ($1::text::uuid, $2::text::uuid, $3::int)
  order by tenant_id, stream_id, version limit ${pageLimit}`

const rowsAfter = `select ${callJson("c")} as row
  from dueline.service_calls c where (tenant_id, call_id) > ($1::text::uuid, $2::text::uuid)
  order by tenant_id, call_id limit ${pageLimit}`

const none = "00000000-0000-0000-0000-000000000000"

const allEvents = async ({ ask }: DatabaseAt): Promise<ReadonlyArray<StoredEvent>> => {
  const all: Array<StoredEvent> = []
  for (;;) {
    const last = all.at(-1)
    const after = [last?.tenantId ?? none, last?.callId ?? none, last?.event.version ?? 0]
    const page = await ask<StoredEvent>(eventsAfter, after)
    all.push(...page)
    if (page.length < pageLimit) return all
  }
}

const allRows = async ({ ask }: DatabaseAt): Promise<ReadonlyArray<ServiceCallRow>> => {
  const all: Array<ServiceCallRow> = []
  for (;;) {
    const last = all.at(-1)
    const page = await ask<{ readonly row: ServiceCallRow }>(rowsAfter, [last?.tenantId ?? none, last?.callId ?? none])
    all.push(...page.map(({ row }) => row))
    if (page.length < pageLimit) return all
  }
}

/** Every call that has a log or a row. */
export const readCalls = async (database: DatabaseAt): Promise<ReadonlyArray<StoredCall>> => {
  const calls = new Map<
    string,
    { tenantId: string; callId: string; events: Array<RecordedEvent>; row: ServiceCallRow | null }
  >()
  const callOf = (tenantId: string, callId: string) => {
    const known = calls.get(`${tenantId}/${callId}`) ?? { tenantId, callId, events: [], row: null }
    calls.set(`${tenantId}/${callId}`, known)
    return known
  }
  for (const { callId, event, tenantId } of await allEvents(database)) callOf(tenantId, callId).events.push(event)
  for (const row of await allRows(database)) callOf(row.tenantId, row.callId).row = row
  return [...calls.values()]
}

export interface Unfinished {
  readonly live: number
  readonly outbox: number
}

/** What is still to be done. */
export const unfinished = async ({ ask }: DatabaseAt): Promise<Unfinished> => {
  const [counted] = await ask<Unfinished>(
    `select (select count(*)::int from dueline.service_calls where wake_at is not null)
        + (select count(*)::int from dueline.ingestion_rows where ended_at is null)
        + (select count(*)::int from dueline.schedule_rows where status = 'Active')
        + (select count(*)::int from dueline.bulk_job_rows where ended_at is null)
        + (select count(*)::int from dueline.subscription_messages where not sorted)
        + (select count(*)::int from dueline.deliveries where state < 3) as live,
      (select count(*)::int from dueline.outbox) as outbox`
  )
  return counted ?? { live: 0, outbox: 0 }
}

const fieldOf = (name: string): string => `row ->> '${name}' as "${name}"`

/** Those that were taken in: what was refused has no event. */
export const readIngestions = ({ ask }: DatabaseAt) =>
  ask<StoredIngestion>(`select tenant_id::text as "tenantId", id::text as id, event_id as "eventId", status
    from dueline.ingestion_rows where event_id is not null order by 1, 2`)

export const readShipments = ({ ask }: DatabaseAt) =>
  ask<StoredShipment>(`select tenant_id::text as "tenantId", ${["trackingReference", "status", "orderId"].map(fieldOf).join(", ")},
      (row ->> 'statusAt')::float8 as "statusAt"
    from dueline.shipment_rows order by 1, 2`)

export const readProductEvents = ({ ask }: DatabaseAt) =>
  ask<StoredProductEvent>(`select tenant_id::text as "tenantId", event_id as "eventId",
      coalesce(document #>> '{properties,tenant}', document #>> '{traits,tenant}') as "of"
    from dueline.product_events order by 1, 2`)

const recordedAtOf = "(extract(epoch from recorded_at) * 1000)::bigint"

export const readStreams = ({ ask }: DatabaseAt) =>
  ask<StoredStream>(`select category as kind, tenant_id::text as "tenantId", stream_id::text as id,
      json_agg(json_build_object('eventId', event_id, 'payload', payload, 'recordedAt', ${recordedAtOf}, 'version', version)
        order by version) as events
    from dueline.events where category in ('schedule', 'pause', 'subscription', 'bulk-job') group by 1, 2, 3 order by 1, 2, 3`)

export const readDeliveries = ({ ask }: DatabaseAt) =>
  ask<StoredDelivery>(
    `select call_id::text as "callId" from dueline.deliveries where call_id is not null order by place`
  )

export const readJobItems = ({ ask }: DatabaseAt) =>
  ask<StoredJobItem>(`select job_id::text as "jobId", item_id::text as "itemId", outcome
    from dueline.bulk_job_items order by 1, 2`)

export const readPayloads = ({ ask }: DatabaseAt) =>
  ask<StoredPayload>(`select tenant_id::text as "tenantId", id::text as id, status, row #>> '{dropbin,orderId}' as "orderId",
      row #>> '{dropbin,failure,code}' as code
    from dueline.ingestion_rows where row -> 'dropbin' is not null order by 1, 2`)

export const readOrders = ({ ask }: DatabaseAt) =>
  ask<StoredOrder>(`select id::text as id, ${fieldOf("binId")}, (row #>> '{window,from}')::float8 as "from",
      (row #>> '{window,to}')::float8 as "to"
    from dueline.order_rows order by 1`)

const eventIds = async ({ ask }: DatabaseAt, table: "outbox" | "dead_letters") =>
  (await ask<{ readonly id: string }>(`select event_id::text as id from dueline.${table} order by 1 limit 1000`)).map(
    ({ id }) => id
  )

export const readOutbox = (database: DatabaseAt) => eventIds(database, "outbox")
export const readDeadLetters = (database: DatabaseAt) => eventIds(database, "dead_letters")
