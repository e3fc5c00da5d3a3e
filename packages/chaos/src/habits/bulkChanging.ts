/** Somebody who submits calls that are not due for long, and has a job cancel all of them, or move them to now. */
import type { Habit, Occasion } from "../Habits.ts"
import { setTimeout as wait } from "node:timers/promises"

/** More than a step of the job, at its rate. */
const count = 8
const rate = 4
const delayMs = 3_600_000
const submitTries = 60
/** A plan leaves alone what was made after it, and it is made by a clock that may be behind. */
const planTries = 60

const submit = async ({ ask, number, targets, tenant }: Occasion, tag: string, keys: ReadonlyArray<string>) => {
  const items = keys.map((key) => ({
    idempotencyKey: key,
    delay: delayMs,
    request: { method: "POST", url: `${targets[number % targets.length]}/${tenant}/${key}` },
    retry: { maxAttempts: 40, initialDelayMs: 50, maxDelayMs: 250 },
    tags: [tag]
  }))
  // Each is answered for itself, and one that the store was not there for is asked for again, under its key.
  for (let tries = 0; tries < submitTries; tries++) {
    const submitted = await ask(
      { _tag: "submit-many", keys },
      { method: "POST", path: "/v1/service-calls/batch", body: JSON.stringify({ items }) }
    )
    if (submitted === null) return false
    const became = (submitted.body?.["items"] ?? []) as ReadonlyArray<{ readonly status?: number }>
    if (became.length === keys.length && became.every(({ status }) => status !== undefined && status < 300)) return true
    await wait(1_000)
  }
  return false
}

const plan = async ({ ask }: Occasion, order: object): Promise<unknown> => {
  for (let tries = 0; tries < planTries; tries++) {
    const planned = await ask({ _tag: "plan" }, { method: "POST", path: "/v1/jobs/plan", body: JSON.stringify(order) })
    if (planned === null || planned.body?.["count"] === count) return planned?.body?.["token"]
    await wait(1_000)
  }
  return undefined
}

export const bulkChanging: Habit = {
  everyMs: 20_000,
  follow: async (occasion) => {
    const { ask, dice, number } = occasion
    const tag = `job:${number}`
    const keys = Array.from({ length: count }, (_, i) => `job-${number}-${i}`)
    const action = dice.pick(["cancel-calls", "move-calls"] as const)
    if (!(await submit(occasion, tag, keys))) return
    const moved = action === "move-calls" ? { moveTo: new Date().toISOString() } : {}
    const token = await plan(occasion, { action, filter: { tags: [tag] }, ...moved })
    await ask(
      { _tag: "job", action, keys },
      { method: "POST", path: "/v1/jobs", body: JSON.stringify({ token, rate }) }
    )
  }
}
