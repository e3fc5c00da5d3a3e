/** Someone who wants to hear of what happens: subscribes, pauses and goes on, and now and then wants no more. */
import { EpochMillis, type TenantId } from "@dueline/contracts/Ids"
import { SubscriptionId } from "@dueline/contracts/subscription/Subscription"
import { type Around, Person } from "../clients/Requests.ts"

interface SubscriptionAround extends Around {
  /** Subscriptions of the tenant that are not active and not deleted. */
  readonly resting: (tenantId: TenantId) => ReadonlyArray<SubscriptionId>
}

type Asked = "PauseSubscription" | "EnableSubscription" | "DeleteSubscription"

export class SubscriptionClient extends Person<SubscriptionAround> {
  start(_actions: number, withinMs: number): void {
    const { time } = this.around.world
    time.after(this.dice.between(0, withinMs / 10), () => this.#create(withinMs))
    if (this.dice.chance(0.3)) time.after(this.dice.between(0, withinMs / 2), () => this.#create(withinMs))
    time.after(this.around.world.activeMs, () => this.#enableAll())
  }

  #create(withinMs: number): void {
    const { world } = this.around
    const dice = this.dice
    const key = this.requests.newKey(1)
    const of = world.dice.fork(`${this.name}/${key}`)
    const subscriptionId = SubscriptionId.make(of.uuid())
    const url = `https://target.test/${this.tenantId}`
    const topics = dice.pick([["ops.service-call.*"], ["ops.>"], ["ops.bin.>", "ops.service-call.failed"]])
    this.requests.make(
      {
        _tag: "CreateSubscription",
        subscriptionId,
        at: EpochMillis.make(world.time.now),
        terms: { name: null, url, topics, filter: null },
        sealedUrl: encodeURIComponent(url),
        secretId: of.uuid(),
        sealed: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        fingerprint: `subscribe ${key}`,
        origin: { correlationId: this.requests.correlation(), traceparent: null }
      },
      key,
      `subscribe ${key}`
    )
    const later = (_tag: Asked) =>
      world.time.after(dice.between(1_000, withinMs), () => this.#change(subscriptionId, _tag))
    if (dice.chance(0.4)) later("PauseSubscription")
    if (dice.chance(0.4)) later("EnableSubscription")
    if (dice.chance(0.15)) later("DeleteSubscription")
  }

  #change(subscriptionId: SubscriptionId, _tag: Asked): void {
    const at = EpochMillis.make(this.around.world.time.now)
    const key = this.requests.newKey(1)
    const about = { subscriptionId, at }
    const command = _tag === "PauseSubscription" ? { _tag, ...about, reason: null } : { _tag, ...about }
    this.requests.make(command, key, `${_tag} ${key}`)
  }

  /** Whatever became of asking before. */
  #enableAll(): void {
    const { resting, world } = this.around
    for (const subscriptionId of resting(this.tenantId)) this.#change(subscriptionId, "EnableSubscription")
    world.time.after(20_000, () => this.#enableAll())
  }
}
