/** Somebody whose orders come through the drop-bin: most can be had, some are for a bin that has another order then, or that is not there. */
import type { Habit, Occasion } from "../Habits.ts"

const hourMs = 3_600_000
const soon = Math.ceil(Date.now() / hourMs) * hourMs + 100 * hourMs
const nobodys = "00000000-0000-4000-8000-000000000b1b"

interface Place {
  readonly customerId: string
  readonly binId: string
}

const prepare = async ({ ask, number }: Occasion): Promise<Place | null> => {
  const make = async (path: string, body: object) => {
    const made = await ask({ _tag: "prepare" }, { method: "POST", path, body: JSON.stringify(body) })
    return made?.body?.["id"]
  }
  const customerId = await make("/ops/customers", { profile: { name: "Jo Novak" } })
  const binId = await make("/ops/bins", { serialNumber: `SN-${number}`, category: "skip", sizeLitres: 7_000 })
  return typeof customerId === "string" && typeof binId === "string" ? { customerId, binId } : null
}

/** Of one run: where each tenant's orders go. */
export const dropping = (): Habit => {
  const places = new Map<string, Promise<Place | null>>()
  return {
    everyMs: 3_000,
    follow: async (occasion) => {
      const { ask, dice, number, tenant } = occasion
      const preparing = places.get(tenant) ?? prepare(occasion)
      places.set(tenant, preparing)
      const place = await preparing
      if (place === null) return
      const isThere = !dice.chance(0.1)
      const binId = isThere ? place.binId : nobodys
      // One in five for a time that may be taken.
      const from = soon + (dice.chance(0.2) ? dice.between(0, number) : number) * hourMs
      const window = { from: new Date(from).toISOString(), to: new Date(from + hourMs).toISOString() }
      const items = [{ material: "glass", quantity: 1, unit: "piece" }]
      const payload = { customerId: place.customerId, binId, kind: "pickup", window, items }
      await ask(
        { _tag: "drop", binId, isThere, from, to: from + hourMs },
        { method: "POST", path: "/ops/ingest/dropbin", body: JSON.stringify({ payload }) }
      )
    }
  }
}
