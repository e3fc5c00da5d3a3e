/** Somebody who makes schedules of a few seconds, by an interval or by a cron expression; some are deleted before they end. */
import type { Habit } from "../Habits.ts"

const path = "/v1/schedules"

const everyMs = 3_000
const lastsMs = { min: 8_000, max: 14_000 }

export const scheduling: Habit = {
  everyMs: 5_000,
  follow: async ({ ask, dice, lasting, number, targets, tenant }) => {
    const now = Date.now()
    const until = now + dice.between(lastsMs.min, lastsMs.max)
    const byCron = dice.chance(0.5)
    const [from, key] = [byCron ? 0 : now, `schedule-${number}`]
    const overlap = dice.pick(["allow", "skip", "queue"] as const)
    const rule = byCron
      ? { cron: `*/${everyMs / 1_000} * * * * *` }
      : { every: everyMs, from: new Date(from).toISOString() }
    const slow = dice.chance(0.3) ? dice.between(1_000, 4_000) : 0
    const body = {
      ...rule,
      zone: "UTC",
      until: new Date(until).toISOString(),
      overlap,
      missed: dice.pick([{ policy: "skip" }, { policy: "last" }, { policy: "all" }]),
      request: { method: "POST", url: `${dice.pick(targets)}/${tenant}/${key}.{{occurrence.epochMs}}?slow=${slow}` },
      retry: { maxAttempts: 40, initialDelayMs: 50, maxDelayMs: 250 },
      timeoutMs: 10_000
    }
    const made = await ask(
      { _tag: "schedule", key, everyMs, from, until, overlap },
      { method: "POST", path, body: JSON.stringify(body) }
    )
    const id = made?.body?.["id"]
    if (typeof id !== "string" || !dice.chance(0.25)) return
    await lasting((until - now) / 2)
    await ask({ _tag: "delete-schedule", scheduleId: id }, { method: "DELETE", path: `${path}/${id}` })
  }
}
