/** Everything that can be seen when a run is over, put together as its history. */
import type { ServiceCallStatus } from "@dueline/contracts/serviceCall/Command"
import { derivedTenantId } from "@dueline/identity/derivedId"
import { Dice } from "@dueline/simulation/world/Dice"
import { setTimeout as wait } from "node:timers/promises"
import type { Api, Heard } from "./Api.ts"
import type { BusListener } from "./BusListener.ts"
import { accepted } from "./Evidence.ts"
import type { History, Listed, ListedProductEvent, Reading, StoredCall } from "./History.ts"
import type { Run } from "./Run.ts"
import {
  readCalls,
  readDeadLetters,
  readDeliveries,
  readIngestions,
  readJobItems,
  readOrders,
  readOutbox,
  readPayloads,
  readProductEvents,
  readShipments,
  readStreams
} from "./Store.ts"

const path = "/v1/service-calls"
const pageLimit = 200
/** Calls whose own pages are read. */
const sampleSize = 150
const triesLimit = 200

interface Item {
  readonly id: string
  readonly status: ServiceCallStatus
  readonly version: number
}

const get = async (api: Api, token: string, path: string): Promise<Heard> => {
  let tries = 0
  const { heard } = await api.insist({ method: "GET", path, token }, () => ++tries > triesLimit)
  if (heard === null) throw new Error(`${path} was not answered although all is well`)
  return heard
}

const readPages = async <One>(api: Api, token: string, path: string): Promise<ReadonlyArray<One>> => {
  const all: Array<One> = []
  let cursor: unknown = null
  do {
    const after = cursor === null ? "" : `&cursor=${String(cursor)}`
    const { body } = await get(api, token, `${path}?limit=${pageLimit}${after}`)
    all.push(...((body?.["items"] ?? []) as ReadonlyArray<One>))
    cursor = body?.["nextCursor"] ?? null
  } while (cursor !== null)
  return all
}

const readLists = async (api: Api, tenants: ReadonlyMap<string, string>): Promise<ReadonlyArray<Listed>> => {
  const all: Array<Listed> = []
  for (const [tenant, token] of tenants) {
    const items = await readPages<Item>(api, token, path)
    all.push(...items.map(({ id, status, version }) => ({ tenant, callId: id, status, version })))
  }
  return all
}

interface ProductItem {
  readonly eventId: string
  readonly document: Readonly<Record<string, { readonly tenant?: string } | undefined>>
}

const readProductLists = async (
  api: Api,
  tenants: ReadonlyMap<string, string>
): Promise<ReadonlyArray<ListedProductEvent>> => {
  const all: Array<ListedProductEvent> = []
  for (const [tenant, token] of tenants) {
    const items = await readPages<ProductItem>(api, token, "/v1/events")
    all.push(
      ...items.map(({ document: { properties, traits }, eventId }) => {
        return { tenant, eventId, of: (properties ?? traits)?.tenant ?? null }
      })
    )
  }
  return all
}

const readEvents = async (api: Api, token: string, callId: string): Promise<ReadonlyArray<string>> => {
  const ids: Array<string> = []
  let after: unknown = 0
  do {
    const { body } = await get(api, token, `${path}/${callId}/events?limit=${pageLimit}&after=${String(after)}`)
    ids.push(...((body?.["items"] ?? []) as ReadonlyArray<{ readonly eventId: string }>).map(({ eventId }) => eventId))
    after = body?.["nextAfter"] ?? null
  } while (after !== null)
  return ids
}

const readOne = async (api: Api, token: string, { callId, tenant }: Pick<Listed, "callId" | "tenant">) => {
  const { body, status } = await get(api, token, `${path}/${callId}`)
  const { epoch, version } = (status === 200 ? (body ?? {}) : {}) as {
    readonly epoch?: number
    readonly version?: number
  }
  const eventIds = status === 200 ? await readEvents(api, token, callId) : []
  const reading: Reading = { tenant, callId, status, version: version ?? null, epoch: epoch ?? null, eventIds }
  return reading
}

/** Of the calls that are named, drawn from the seed. */
const readSample = async (
  api: Api,
  seed: number,
  tenants: ReadonlyMap<string, string>,
  calls: ReadonlyArray<Pick<Listed, "callId" | "tenant">>
): Promise<ReadonlyArray<Reading>> => {
  const dice = new Dice(seed).fork("sample")
  const sample = calls
    .map((call) => ({ call, place: dice.next() }))
    .toSorted((a, b) => a.place - b.place)
    .slice(0, sampleSize)
  const readings: Array<Reading> = []
  for (const { call } of sample) readings.push(await readOne(api, tenants.get(call.tenant) ?? "", call))
  return readings
}

/** A group takes its place again at the latest when the broker has missed the member before for so long. */
const quietLimitMs = 20_000

const endings = new Set(["ExecutionSucceeded", "ServiceCallFailed", "ServiceCallCancelled"])

/** Until the listener has heard of every end, or for as long as a message may take to find it. */
const heardAll = async ({ told }: BusListener, stored: ReadonlyArray<StoredCall>, limitMs: number): Promise<void> => {
  const expected = stored.flatMap(({ events }) => events.filter(({ type }) => endings.has(type))).length
  const limit = Date.now() + limitMs
  while (new Set(told.map(({ eventId }) => eventId)).size < expected && Date.now() < limit) await wait(100)
}

export const collect = async (run: Run, listener: BusListener | null): Promise<History> => {
  const { api, couriers, faults, habits, load, options, products, stage, targets, tenants } = run
  const stored = await readCalls(stage.database)
  if (listener !== null) await heardAll(listener, stored, Math.min(quietLimitMs, options.restLimitMs))
  const submitted = load.operations.flatMap((operation) =>
    operation.kind === "submit" && accepted(operation) && operation.answer?.callId
      ? [{ tenant: operation.tenant, callId: operation.answer.callId }]
      : []
  )
  const outbox = await readOutbox(stage.database)
  const deadLetters = await readDeadLetters(stage.database)
  const verify = await stage.command("verify", "--json")
  const listed = await readLists(api, tenants)
  const listedProductEvents = await readProductLists(api, tenants)
  const readings = await readSample(api, options.seed, tenants, submitted)
  // Before they end: an embedded server ends with its program.
  const tables = {
    ingestions: await readIngestions(stage.database),
    shipments: await readShipments(stage.database),
    productEvents: await readProductEvents(stage.database),
    streams: await readStreams(stage.database),
    deliveries: await readDeliveries(stage.database),
    jobItems: await readJobItems(stage.database),
    payloads: await readPayloads(stage.database),
    orders: await readOrders(stage.database)
  }
  await Promise.all(stage.members.map((member) => faults.quit(member)))
  return {
    seed: options.seed,
    cast: stage.cast,
    tenants: [...tenants.keys()].map((name) => ({ name, id: derivedTenantId(name) })),
    operations: load.operations,
    asked: habits.asked,
    arrivals: targets.arrivals,
    stored,
    listed,
    readings,
    ...tables,
    reports: couriers.reports,
    productReports: products.reports,
    listedProductEvents,
    told: listener?.told ?? null,
    outbox,
    deadLetters,
    incidents: stage.incidents,
    exits: faults.exits,
    verify
  }
}
