/** Payloads of the drop-bin: each that was accepted becomes the one order that it asks for, or fails for a reason that there was. */
import { type Done, done } from "../Asked.ts"
import type { Check, Evidence, Found } from "../Evidence.ts"
import type { StoredOrder, StoredPayload } from "../History.ts"

type Dropped = Done<"drop">

const overlap = (a: Dropped["wanted"], b: Dropped["wanted"]): boolean =>
  a.binId === b.binId && a.from < b.to && b.from < a.to

const failed = ({ code }: StoredPayload, dropped: Dropped, all: ReadonlyArray<Dropped>): string | null => {
  const { tenant, wanted } = dropped
  if (!wanted.isThere) return code === "bin_unfit" ? null : `it failed by ${code}, and its bin is not there`
  const others = all.filter((other) => other.id !== dropped.id && other.tenant === tenant)
  const isTaken = others.some((other) => overlap(other.wanted, wanted))
  return code === "schedule_conflict" && isTaken
    ? null
    : `it failed by ${code}, and ${isTaken ? "others want" : "nobody wants"} its time`
}

const completed = ({ orderId }: StoredPayload, { wanted }: Dropped, order: StoredOrder | undefined): string | null => {
  if (!wanted.isThere) return "it became an order for a bin that is not there"
  if (order === undefined) return `it is said to be the order ${orderId}, which is not there`
  const { binId, from, to } = order
  return binId === wanted.binId && from === wanted.from && to === wanted.to
    ? null
    : "it became another order than it asks for"
}

const judge = (dropped: Dropped, all: ReadonlyArray<Dropped>, evidence: Evidence): string | null => {
  const { orders, payloads } = evidence.history
  const payload = payloads.find(({ id }) => id === dropped.id)
  if (payload === undefined) return "it was accepted, and is gone"
  if (payload.tenantId !== evidence.tenantIds.get(dropped.tenant)) return "it is another tenant's"
  if (payload.status === "Failed") return failed(payload, dropped, all)
  if (payload.status !== "Completed") return `it is still ${payload.status}`
  return completed(
    payload,
    dropped,
    orders.find(({ id }) => id === payload.orderId)
  )
}

/** Of those who want one bin at one time somebody gets it. */
const wanting = (all: ReadonlyArray<Dropped>, evidence: Evidence): ReadonlyArray<string> =>
  [...Map.groupBy(all, ({ tenant, wanted: { binId, from } }) => `${tenant}/${binId}/${from}`)].flatMap(
    ([name, same]) => {
      if (same[0]?.wanted.isThere !== true) return []
      const ids = new Set(same.map(({ id }) => id))
      const got = evidence.history.payloads.filter(({ id, status }) => ids.has(id) && status === "Completed").length
      return got === 1 ? [] : [`${got} of the ${ids.size} that want ${name} became orders`]
    }
  )

export const payloadsBecomeOrders: Check = (evidence): ReadonlyArray<Found> => {
  const { asked, orders, payloads } = evidence.history
  const all = done(asked, "drop")
  const known = new Set(payloads.map(({ orderId }) => orderId))
  return [
    ...all.flatMap((dropped) => {
      const detail = judge(dropped, all, evidence)
      return detail === null ? [] : [`payload ${dropped.id}: ${detail}`]
    }),
    ...wanting(all, evidence),
    ...orders.filter(({ id }) => !known.has(id)).map(({ id }) => `the order ${id} is of no payload`)
  ].map((detail) => ({ callId: null, detail }))
}
