/** Someone who uses the system: submits, looks, changes their mind, loses answers, asks again, and now and then gets a key wrong. */
import { type CorrelationId, EpochMillis, ServiceCallId, type TenantId } from "@dueline/contracts/Ids"
import type { WholeRequest } from "@dueline/contracts/ports/Vaults"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { defaultRetryPolicy, type Spec } from "@dueline/contracts/serviceCall/Spec"
import { withCallback } from "../callbacks/CallbackCheck.ts"
import type { Dice } from "../world/Dice.ts"
import { Person } from "./Requests.ts"
import { withTerms as waiting } from "../waiting/terms.ts"

// Draws what clients ask for.

/** The URL ends in the tenant, so that a witness at the target knows whose call it sees. */
export const drawSpec = (dice: Dice, tenantId: TenantId): { readonly spec: Spec; readonly url: string } => {
  const url = `https://target.test/${tenantId}`
  const spec: Spec = {
    request: { method: dice.pick(["GET", "POST", "PUT"]), url, headers: {}, bodyBytes: 0, bodySnippet: null },
    timeoutMs: dice.pick([200, 1_000, 15_000, 60_000]),
    retry: {
      ...defaultRetryPolicy,
      maxAttempts: dice.pick([1, 2, 5]),
      initialDelayMs: dice.pick([0, 100, 2_000]),
      maxDelayMs: 10_000,
      jitter: dice.pick([0, 0.2, 1])
    },
    tags: []
  }
  return { spec, url }
}

/** At once, just gone, soon, or later than some horizons. */
const drawDueAt = (dice: Dice, now: number): EpochMillis => {
  const ahead = dice.pick([0, 0, dice.between(-500, 50), dice.between(1, 5_000), dice.between(1_000, 40_000)])
  return EpochMillis.make(now + ahead)
}

const drawSubmission = (
  dice: Dice,
  now: number,
  about: {
    readonly tenantId: TenantId
    readonly callId: ServiceCallId
    readonly correlationId: CorrelationId
    readonly fingerprint: string | null
    readonly seal: (url: string, onEnd?: WholeRequest["onEnd"]) => string
    /** It belongs to a flow, or has tags. */
    readonly withTerms: boolean
    /** Somebody may be told its end. */
    readonly told: boolean
  }
): ServiceCallCommand => {
  const { callId, correlationId, fingerprint, seal, tenantId, told, withTerms } = about
  const { spec: plain, url } = drawSpec(dice, tenantId)
  const alone = withTerms ? waiting(plain, dice) : plain
  const { onEnd, spec } = told ? withCallback(alone, dice, tenantId) : { spec: alone }
  return {
    _tag: "SubmitServiceCall",
    callId,
    at: EpochMillis.make(now),
    spec,
    dueAt: drawDueAt(dice, now),
    fingerprint,
    origin: { correlationId, traceparent: null },
    sealed: onEnd !== undefined || dice.chance(0.7) ? seal(url, onEnd) : null
  }
}

const drawChange = (dice: Dice, now: number, callId: ServiceCallId): ServiceCallCommand => {
  const at = EpochMillis.make(now)
  const roll = dice.next()
  if (roll < 0.25) return { _tag: "CancelServiceCall", callId, at }
  if (roll < 0.5) return { _tag: "RescheduleServiceCall", callId, at, dueAt: drawDueAt(dice, now) }
  return { _tag: "RerunServiceCall", callId, at }
}

export class Client extends Person {
  readonly #calls: Array<ServiceCallId> = []

  start(actions: number, withinMs: number): void {
    for (let i = 0; i < actions; i++) {
      this.around.world.time.after(this.dice.between(0, withinMs), () => this.#act())
    }
  }

  #act(): void {
    const { keyed: kept } = this.requests
    const known = this.#calls.at(this.dice.between(0, Math.max(0, this.#calls.length - 1)))
    const keyed = kept.at(this.dice.between(0, Math.max(0, kept.length - 1)))
    const roll = this.dice.next()
    if (known === undefined || roll < 0.45) return this.#submit()
    if (roll < 0.55) return this.#look(known)
    if (roll < 0.65 && keyed !== undefined) return this.requests.send(keyed)
    if (roll < 0.7 && keyed?.idempotency) {
      return this.requests.send({ ...keyed, idempotency: { ...keyed.idempotency, fingerprint: "another" } })
    }
    this.#change(known)
  }

  #submit(): void {
    const key = this.requests.newKey(0.8)
    const derived = `${this.tenantId}/${key ?? `${this.name}+${this.requests.next()}`}`
    const callId = ServiceCallId.make(this.around.world.dice.fork(derived).uuid())
    const correlationId = this.requests.correlation()
    const fingerprint = key === null ? null : `submit ${key}`
    const { pausers, told } = this.around.world.setup
    const seal = (url: string, onEnd?: WholeRequest["onEnd"]) =>
      this.around.front.seal(this.tenantId, callId, url, onEnd)
    const about = { tenantId: this.tenantId, callId, correlationId, fingerprint, seal, withTerms: pausers > 0, told }
    this.#calls.push(callId)
    this.requests.make(drawSubmission(this.dice, this.around.world.time.now, about), key, fingerprint)
  }

  #change(callId: ServiceCallId): void {
    const key = this.requests.newKey(0.5)
    const command = drawChange(this.dice, this.around.world.time.now, callId)
    this.requests.make(command, key, key === null ? null : `${command._tag} ${callId} ${key}`, true)
  }

  #look(callId: ServiceCallId): void {
    this.around.front.read(this.tenantId, callId, (version) => {
      if (version === null) return
      this.around.answers.read(this.tenantId, callId, version)
      this.requests.seen.set(callId, version)
    })
  }
}
