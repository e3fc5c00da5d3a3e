/** What senders ask for through the drop-bin: orders that came with the request, or lie with a host that serves them, others, or nothing. */
import { BinId, CustomerId, EpochMillis, type OrderId, type TenantId } from "@dueline/contracts/Ids"
import { OrderAsked } from "@dueline/contracts/ingestion/Dropbin"
import type { IngestionId } from "@dueline/contracts/ingestion/Ingestion"
import type { DropbinParts, FetchPolicy } from "@dueline/orchestration/dropbin/carryOut"
import { Effect, Schema } from "effect"
import { hash } from "node:crypto"
import { Dice } from "../world/Dice.ts"
import { keptId, morning } from "../clients/OpsClient.ts"
import type { World } from "../world/World.ts"

/**
 * `inline`: it came with the request. The others lie with a host: `served` as they were sent, `changed` since the digest was made, `missing`,
 * `unreadable` as an order, with a host that is `dead` for ever, or with one that is not `allowed` any more.
 */
export type PayloadKind = "inline" | "served" | "changed" | "missing" | "unreadable" | "dead" | "forbidden"

export interface Payload {
  readonly tenantId: TenantId
  readonly ingestionId: IngestionId
  /** The only order that may come of it. */
  readonly orderId: OrderId
  readonly kind: PayloadKind
  readonly asked: OrderAsked
  /** Where it lies; not for one that came with the request. */
  readonly uri: string
  /** As its digest was made of. */
  readonly bytes: Uint8Array
}

/** Few and soon, so that a host that is dead has been given up before the world ends. */
export const fetchPolicy: FetchPolicy = { attempts: 4, backoff: { initialMs: 500, maxMs: 4_000 } }

const hostOf = (kind: PayloadKind): string => (kind === "forbidden" ? "forbidden.example" : "payloads.example")
export const isAllowed = (uri: string): boolean => uri.startsWith("https://payloads.example/")

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const decodeAsked = Schema.decodeUnknownEffect(Schema.fromJsonString(OrderAsked))

/** The order that an ingestion becomes, the same for ever. */
const orderIdIn =
  (world: World): DropbinParts["orderIdOf"] =>
  (tenantId, ingestionId) =>
    new Dice(world.seed).fork(`${tenantId}/${ingestionId}/order`).uuid() as OrderId

export const partsIn = (world: World): DropbinParts => ({
  orderIdOf: orderIdIn(world),
  digestOf: (bytes) => `sha-256=:${hash("sha256", bytes, "base64")}:`,
  readPayload: (_tenantId, _orderId, bytes) =>
    Effect.mapError(decodeAsked(new TextDecoder().decode(bytes)), () => [{ path: "payload", message: "unreadable" }])
})

/** What a host serves in place of what was sent: an order for another time. */
export const changedBytes = ({ asked }: Payload): Uint8Array => {
  const day = 86_400_000
  const window = { from: asked.window.from + day, to: asked.window.to + day }
  return encode(JSON.stringify({ ...asked, window }))
}

const hour = 3_600_000

export const drawPayload = (world: World, dice: Dice, tenantId: TenantId, ingestionId: IngestionId): Payload => {
  const kind = dice.chance(0.65)
    ? dice.pick(["inline", "served", "served"] as const)
    : dice.pick(["changed", "missing", "unreadable", "dead", "forbidden"] as const)
  const from = morning + dice.between(0, 60) * hour
  const asked: OrderAsked = {
    customerId: CustomerId.make(keptId(world, tenantId, `customer ${dice.pick([1, 1, 2, 3])}`)),
    binId: BinId.make(keptId(world, tenantId, `bin ${dice.pick([1, 1, 2, 3])}`)),
    kind: dice.pick(["delivery", "pickup", "swap"]),
    notifications: [],
    window: { from: EpochMillis.make(from), to: EpochMillis.make(from + hour) },
    items: [{ material: "glass", quantity: dice.between(1, 9), unit: "piece" }]
  }
  const orderId = orderIdIn(world)(tenantId, ingestionId)
  const bytes = encode(kind === "unreadable" ? `no order ${ingestionId}` : JSON.stringify(asked))
  return { tenantId, ingestionId, orderId, kind, asked, bytes, uri: `https://${hostOf(kind)}/${ingestionId}` }
}
