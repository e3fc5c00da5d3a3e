/** Each tenant hears of its schedules and pauses for the whole run; and now and then somebody subscribes who soon wants no more. */
import type { Habit, Occasion } from "../Habits.ts"

const path = "/v1/subscriptions"

/** Subscriptions of the first rounds stay. */
const lasting = 3
const topics = ["ops.schedule.fired", "ops.pause.*"]
const wantedMs = { min: 4_000, max: 9_000 }

/** A secret is shown once: when the answer that shows it is lost, and the repeat leaves it out, another one is asked for. */
const showSecret = async ({ ask }: Occasion, id: string, shown: unknown): Promise<void> => {
  for (let secret = shown; typeof secret !== "string"; ) {
    const rotated = await ask(
      { _tag: "rotate", subscriptionId: id },
      { method: "POST", path: `${path}/${id}/secrets`, body: JSON.stringify({ overlap: "1h" }) }
    )
    if (rotated === null || rotated.status >= 300) return
    secret = rotated.body?.["secret"]
  }
}

export const subscribing: Habit = {
  everyMs: 2_500,
  follow: async (occasion) => {
    const { ask, dice, lasting: while_, number, targets, tenant } = occasion
    const stays = number < lasting
    // One in eight of the others, which comes to one in twenty seconds.
    if (!stays && number % 8 !== 0) return
    const key = `hook-${number}`
    const url = `${targets[0]}/${tenant}/${key}?rarely=12`
    const made = await ask(
      { _tag: "subscribe", key, topics },
      { method: "POST", path, body: JSON.stringify({ url, topics }) }
    )
    const id = made?.body?.["id"]
    if (typeof id !== "string") return
    await showSecret(occasion, id, made?.body?.["secret"])
    if (stays) return
    await while_(dice.between(wantedMs.min, wantedMs.max))
    await ask({ _tag: "unsubscribe", subscriptionId: id }, { method: "DELETE", path: `${path}/${id}` })
  }
}
