/** Someone who asks for the same thing several times, of which one at a time may be pending, and now and then cancels it or moves it. */
import { EpochMillis, ServiceCallId, type TenantId } from "@dueline/contracts/Ids"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { withCallback } from "../callbacks/CallbackCheck.ts"
import { drawSpec } from "../clients/Client.ts"
import { type Around, Person } from "../clients/Requests.ts"
import type { PendingCheck } from "./PendingCheck.ts"

interface PendingAround extends Around {
  readonly check: PendingCheck
}

const keys = ["report", "sync"] as const
/** Which call that is says the answer. */
const noCall = ServiceCallId.make("00000000-0000-4000-8000-000000000000")

export class PendingClient extends Person<PendingAround> {
  start(actions: number, withinMs: number): void {
    const { time } = this.around.world
    for (let i = 0; i < actions / 2; i++) {
      const at = this.dice.between(0, withinMs)
      const times = this.dice.pick([1, 1, 2, 4])
      for (let n = 0; n < times; n++) time.after(at + this.dice.between(0, 3_000), () => this.#act())
    }
  }

  #act(): void {
    const { keyed } = this.requests
    const roll = this.dice.next()
    const known = this.around.check.callsOf(this.tenantId)
    const callId = known.at(this.dice.between(0, Math.max(0, known.length - 1)))
    if (callId !== undefined && roll < 0.15) return this.#change(ServiceCallId.make(callId))
    const again = keyed.at(this.dice.between(0, Math.max(0, keyed.length - 1)))
    if (again !== undefined && roll < 0.25) return this.requests.send(again)
    this.#submit(this.tenantId)
  }

  #submit(tenantId: TenantId): void {
    const { world } = this.around
    const { dice } = this
    const key = this.requests.newKey(1)
    const onConflict = dice.pick(["keep", "replace", "debounce"] as const)
    const { spec: plain } = drawSpec(dice, tenantId)
    const url = `https://target.test/${key}/${tenantId}`
    const request = { ...plain.request, url }
    const asked = { ...plain, request, pending: { key: dice.pick(keys) } }
    const { onEnd, spec } = world.setup.told ? withCallback(asked, dice, tenantId) : { spec: asked }
    const { time } = world
    this.requests.make(
      {
        _tag: "SubmitServiceCall",
        callId: noCall,
        at: EpochMillis.make(time.now),
        spec,
        dueAt: EpochMillis.make(time.now + dice.pick([0, 50, 1_000, 5_000, 20_000])),
        fingerprint: `pending ${key}`,
        origin: { correlationId: this.requests.correlation(), traceparent: null },
        // Sealed where it is known which call it is.
        sealed: onEnd !== undefined || dice.chance(0.7) ? url : null,
        pending: { onConflict, longestWaitMs: dice.pick([null, 3_000, 10_000]) }
      },
      key,
      `pending ${key}`
    )
  }

  #change(callId: ServiceCallId): void {
    const at = EpochMillis.make(this.around.world.time.now)
    const key = this.requests.newKey(1)
    const dueAt = EpochMillis.make(at + this.dice.between(0, 10_000))
    const command = this.dice.pick<ServiceCallCommand>([
      { _tag: "CancelServiceCall", callId, at },
      { _tag: "RescheduleServiceCall", callId, at, dueAt },
      { _tag: "RerunServiceCall", callId, at }
    ])
    this.requests.make(command, key, `${command._tag} ${callId} ${key}`)
  }
}
