/** A courier source, an ingestion and a shipment to tell stories about, and random stories of them. */
import { type CourierSourceCommand, CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import { schemePresets } from "@dueline/contracts/courierSource/SignatureScheme"
import {
  CourierEventType,
  type EventFacts,
  type IngestionCommand,
  IngestionId
} from "@dueline/contracts/ingestion/Ingestion"
import type { DropbinFailure } from "@dueline/contracts/ingestion/Dropbin"
import { type ShipmentCommand, ShipmentId } from "@dueline/contracts/shipment/Shipment"
import { Schema } from "effect"
import * as Field from "./FieldSample.ts"

const { ms, origin, t0 } = Field

export const sourceId = (n: number) => CourierSourceId.make(`00000000-0000-7000-8000-e0000000000${n}`)
export const courierSourceId = sourceId(1)
export const secretId = (n: number) => `00000000-0000-7000-8000-e100000000${n.toString(16).padStart(2, "0")}`
export const sealedSecret = (n: number) => `v1.key.secret-${n}`
export const described = (name: string) => ({ name, scheme: schemePresets.github, toleranceMs: 300_000 })

export const create = (n = 1, name = "north", fingerprint = "f1", at = 0): CourierSourceCommand => ({
  _tag: "CreateCourierSource",
  courierSourceId: sourceId(n),
  at: ms(t0 + at),
  source: described(name),
  secretId: secretId(1),
  sealed: sealedSecret(1),
  fingerprint,
  origin
})
export const rotate = (n: number, at = 10, overlapMs = 1_000): CourierSourceCommand => ({
  _tag: "RotateCourierSecret",
  courierSourceId,
  at: ms(t0 + at),
  secretId: secretId(n),
  sealed: sealedSecret(n),
  overlapMs
})
export const disable = (at = 20): CourierSourceCommand => ({
  _tag: "DisableCourierSource",
  courierSourceId,
  at: ms(t0 + at)
})

const SourceStep = Schema.Struct({
  what: Schema.Literals(["create", "rotate", "rotate", "rotate", "disable"]),
  wait: Schema.Literals([0, 1_000]),
  secret: Schema.Literals([1, 2, 3, 4, 5]),
  overlapMs: Schema.Literals([0, 500, 5_000]),
  fingerprint: Schema.Literals(["f1", "f1", "f2"])
})
export const SourceStory = Schema.Array(SourceStep)

export const sourceCommands = (story: typeof SourceStory.Type): ReadonlyArray<CourierSourceCommand> => {
  let at = 0
  return story.map(({ fingerprint, overlapMs, secret, wait, what }) => {
    at += wait
    if (what === "create") return create(1, "north", fingerprint, at)
    return what === "disable" ? disable(at) : rotate(secret, at, overlapMs)
  })
}

type Of<Tag extends IngestionCommand["_tag"]> = Extract<IngestionCommand, { readonly _tag: Tag }>

export const ingestionId = IngestionId.make("00000000-0000-7000-8000-e20000000001")
const event = {
  eventId: "evt-1",
  type: "pickup.completed",
  trackingReference: "NX-0042",
  occurredAt: t0,
  orderId: Field.orderId
} as const
export const arrived = { courierSourceId, event, delivery: "msg-1", bodyBytes: 187, origin }
export const refused = {
  courierSourceId,
  reason: "signature_wrong",
  unrecorded: 0,
  bodyBytes: 187,
  origin
} as const

export const receive = (digest = "d1", at = 0): IngestionCommand => ({
  _tag: "ReceiveIngestion",
  ingestionId,
  at: ms(t0 + at),
  ...arrived,
  digest,
  sealed: `v1.key.${digest}`
})
export const reject = (at = 0): IngestionCommand => ({
  _tag: "RejectIngestion",
  ingestionId,
  at: ms(t0 + at),
  ...refused
})
export const dropped = {
  reference: { uri: "https://files.example.com/orders/7", digest: `sha-256=:${"A".repeat(43)}=:` },
  bodyBytes: 187,
  origin
}
export const drop = (fingerprint: string | null = "f1", at = 0): Of<"ReceiveDropbin"> => ({
  _tag: "ReceiveDropbin",
  ingestionId,
  at: ms(t0 + at),
  ...dropped,
  fingerprint,
  sealed: `v1.key.${fingerprint}`
})
export const retry = (
  reason = "StoreUnavailable",
  at = 1,
  more: Partial<Of<"RetryIngestion">> = {}
): IngestionCommand => ({
  _tag: "RetryIngestion",
  ingestionId,
  at: ms(t0 + at),
  reason,
  ...more
})
export const complete = (at = 2, more: Partial<Of<"CompleteIngestion">> = {}): IngestionCommand => ({
  _tag: "CompleteIngestion",
  ingestionId,
  at: ms(t0 + at),
  ...more
})
export const fail = (at = 2, more: Partial<Of<"FailIngestion">> = {}): IngestionCommand => ({
  _tag: "FailIngestion",
  ingestionId,
  at: ms(t0 + at),
  reason: "no order",
  ...more
})
export const replay = (n = 1, at = 3): IngestionCommand => ({
  _tag: "ReplayIngestion",
  ingestionId,
  at: ms(t0 + at),
  replay: n
})
export const conflict: DropbinFailure = {
  code: "schedule_conflict",
  detail: "Choose another bin.",
  errors: [],
  orders: [{ orderId: Field.orderId, status: "Scheduled", window: Field.hours(8, 10) }],
  freeWindows: [Field.hours(10, 12)]
}

const IngestionStep = Schema.Struct({
  what: Schema.Literals(["receive", "drop", "drop", "reject", "retry", "retry", "complete", "fail", "fail", "replay"]),
  digest: Schema.Literals(["d1", "d1", "d2"]),
  wait: Schema.Literals([0, 1_000])
})
export const IngestionStory = Schema.Array(IngestionStep)

const ingestionCommand = ({ digest, what }: typeof IngestionStep.Type, at: number): IngestionCommand => {
  switch (what) {
    case "receive":
      return receive(digest, at)
    case "reject":
      return reject(at)
    case "drop":
      return drop(digest, at)
    case "retry":
      return retry("StoreUnavailable", at, digest === "d2" ? { dueAt: ms(t0 + at + 2_000) } : {})
    case "complete":
      return complete(at, digest === "d2" ? { orderId: Field.orderId } : {})
    case "fail":
      return fail(at, digest === "d2" ? { failure: conflict } : {})
    case "replay":
      return replay(digest === "d2" ? 2 : 1, at)
  }
}

export const ingestionCommands = (story: typeof IngestionStory.Type): ReadonlyArray<IngestionCommand> => {
  let at = 0
  return story.map((step) => ingestionCommand(step, (at += step.wait)))
}

export const shipmentId = ShipmentId.make("00000000-0000-7000-8000-e30000000001")

/** Few values, so that events come again, at the same time, and out of order. */
export const Told = Schema.Struct({
  eventId: Schema.Literals(["e1", "e2", "e3", "e4", "e5", "e6"]),
  type: CourierEventType,
  minutes: Schema.Literals([0, 1, 2, 3]),
  names: Schema.Boolean
})
export type Told = typeof Told.Type

/** What an event of this id says is the same each time: a courier that says otherwise is refused before. */
export const factsOf = ({ eventId, minutes, names, type }: Told): EventFacts => ({
  eventId: `${eventId}-${type}-${minutes}-${names}`,
  type,
  trackingReference: "NX-0042",
  occurredAt: ms(t0 + minutes * 60_000),
  orderId: names ? Field.order(minutes + 1) : null
})

export const record = (event: EventFacts, at = 0, changes: Partial<ShipmentCommand> = {}): ShipmentCommand => ({
  _tag: "RecordShipmentEvent",
  shipmentId,
  at: ms(t0 + at),
  courierSourceId,
  event,
  origin,
  ...changes
})

export const ShipmentStory = Schema.Array(Told)

export const shipmentCommands = (story: ReadonlyArray<Told>): ReadonlyArray<ShipmentCommand> =>
  story.map((told, at) => record(factsOf(told), at))
