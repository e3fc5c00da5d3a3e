/**
 * Looks at calls that tell the end of another: one for each end that is to be told and none for what did not end, which says what the log says of that end,
 * is signed, and is heard if it succeeded.
 */
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import type { TenantId } from "@dueline/contracts/Ids"
import type { OutgoingRequest } from "@dueline/contracts/ports/HttpClient"
import type { WholeRequest } from "@dueline/contracts/ports/Vaults"
import type { Spec } from "@dueline/contracts/serviceCall/Spec"
import { createHmac } from "node:crypto"
import type { CallModel, CallOf, WantedCallback } from "../checks/CallModel.ts"
import type { Dice } from "../world/Dice.ts"
import type { World } from "../world/World.ts"

interface Telling {
  readonly tenantId: string
  /** The call whose end it tells. */
  readonly of: string
  readonly ended: CallModel
}

const told = "an end is told once, to whom its call names"
const says = "a callback says what has ended"
const signed = "a callback is signed"

/** What the body of a callback says of the end it tells. */
const bodyOf = ({ of, tenantId }: Telling, eventId: string, end: WantedCallback) => ({
  type: `ops.service-call.${(end.status ?? "").toLowerCase()}`,
  timestamp: new Date(end.endedAt).toISOString(),
  id: eventId,
  callId: of,
  tenantId,
  status: end.status,
  attempt: end.attempt,
  version: end.version,
  correlationId: end.correlationId
})

export class CallbackCheck {
  readonly #world: World
  readonly #callOf: CallOf
  readonly #tellings = new Map<string, Telling>()
  /** By call: those that tell an end of it. */
  readonly #byCall = new Map<string, Array<string>>()
  /** By end: the call that told it at a target. */
  readonly #tellers = new Map<string, string>()
  readonly #heard = new Set<string>()
  /** Calls whose end is told. */
  readonly #wanting = new Map<string, CallModel>()

  constructor(world: World, callOf: CallOf) {
    this.#world = world
    this.#callOf = callOf
  }

  /** A call was submitted; it may tell the end of another. */
  submitted(tenantId: string, callId: string, { request, tags }: Spec): void {
    const of = tags.find((tag) => tag.startsWith("callback-of:"))?.slice("callback-of:".length)
    if (of === undefined) return
    const ended = this.#callOf(tenantId, of)
    const ends = [...(ended?.wanted.values() ?? [])]
    const calls = [...(this.#byCall.get(of) ?? []), callId]
    this.#byCall.set(of, calls)
    if (ended === undefined || ends.length < calls.length)
      return this.#world.violate(told, `${calls.length} calls tell ${ends.length} ends of ${of}`)
    if (!ends.some(({ url }) => url === request.url))
      this.#world.violate(told, `${callId} tells an end of ${of} to ${request.url}`)
    this.#tellings.set(callId, { tenantId, of, ended })
  }

  happened(callId: string, model: CallModel, { payload, type }: RecordedEvent): void {
    if (type === "CallbackWanted") this.#wanting.set(callId, model)
    if (type !== "CallbackSettled") return
    const { callbackId } = payload as { readonly callbackId: string | null }
    if (this.#tellings.get(callbackId ?? "")?.of !== callId)
      this.#world.violate(told, `${callId} names ${callbackId ?? "none"}, which does not tell it`)
  }

  /** A request has left. */
  left(tenantId: string, callId: string, { body, headers }: OutgoingRequest): void {
    const telling = this.#tellings.get(callId)
    if (telling === undefined) return
    const text = String(body)
    const stamp = `${headers["webhook-id"] ?? ""}.${headers["webhook-timestamp"] ?? ""}`
    const key = Buffer.from(secretOf(tenantId).slice("whsec_".length), "base64")
    const signature = createHmac("sha256", key).update(`${stamp}.${text}`).digest("base64")
    if (headers["webhook-id"] !== callId || headers["webhook-signature"] !== `v1,${signature}`)
      this.#world.violate(signed, `${callId} left with ${headers["webhook-signature"] ?? "no signature"}`)
    const { data, ...head } = JSON.parse(text) as { readonly id: string; readonly data: Record<string, unknown> }
    const end = telling.ended.wanted.get(head.id)
    if (end === undefined) return this.#world.violate(says, `${callId} tells ${head.id}, which ended nothing`)
    const expected = bodyOf(telling, head.id, end)
    const said: Record<string, unknown> = { ...data, ...head }
    const wrong = Object.entries(expected).filter(([name, value]) => said[name] !== value)
    if (wrong.length > 0)
      this.#world.violate(
        says,
        `${callId} says ${JSON.stringify(said)}, not ${JSON.stringify(Object.fromEntries(wrong))}`
      )
    const teller = this.#tellers.get(head.id) ?? callId
    this.#tellers.set(head.id, teller)
    if (teller !== callId) this.#world.violate(told, `${head.id} is told by ${teller} and ${callId}`)
  }

  heard(callId: string): void {
    this.#heard.add(callId)
  }

  unfinished(): ReadonlyArray<string> {
    return [...this.#wanting].flatMap(([callId, { untold }]) =>
      untold > 0 ? [`${untold} ends of ${callId} are not told`] : []
    )
  }

  finish(): void {
    for (const [callId, { tenantId }] of this.#tellings) {
      if (this.#callOf(tenantId, callId)?.status === "Succeeded" && !this.#heard.has(callId))
        this.#world.violate(told, `${callId} has succeeded, and nobody has heard of it`)
    }
  }
}

/** Whom the ends of calls are told in a world, and with what each tenant's requests are signed. */
export const secretOf = (tenantId: string): string => `whsec_${Buffer.from(tenantId).toString("base64")}`

/** The URL ends in the tenant, as all do. */
export const withCallback = (
  spec: Spec,
  dice: Dice,
  tenantId: TenantId
): { readonly spec: Spec; readonly onEnd?: NonNullable<WholeRequest["onEnd"]> } => {
  if (!dice.chance(0.6)) return { spec }
  const url = `https://target.test/${dice.pick(["end", "other-end"])}/${tenantId}`
  const on = dice.pick(["ended", "ended", "failed"] as const)
  return { spec: { ...spec, onEnd: { url, on } }, onEnd: { url, headers: {} } }
}
