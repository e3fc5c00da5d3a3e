/** What the API says at the end: every call by the lists, some of them whole. */
import type { ServiceCallStatus } from "@dueline/contracts/serviceCall/Rejection"
import { Dice } from "@dueline/simulation/Dice"
import type { Api, Heard } from "./Api.ts"
import type { Listed, Reading } from "./History.ts"

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

export const readLists = async (api: Api, tenants: ReadonlyMap<string, string>): Promise<ReadonlyArray<Listed>> => {
  const all: Array<Listed> = []
  for (const [tenant, token] of tenants) {
    let cursor: unknown = null
    do {
      const after = cursor === null ? "" : `&cursor=${String(cursor)}`
      const { body } = await get(api, token, `${path}?limit=${pageLimit}${after}`)
      const items = (body?.["items"] ?? []) as ReadonlyArray<Item>
      all.push(...items.map(({ id, status, version }) => ({ tenant, callId: id, status, version })))
      cursor = body?.["nextCursor"] ?? null
    } while (cursor !== null)
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
export const readSample = async (
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
