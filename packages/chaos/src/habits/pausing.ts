/** Somebody who pauses calls of a tag, a flow or a target for a while. */
import type { PauseOf } from "../Asked.ts"
import { flowNames, hue } from "../Drafts.ts"
import type { Habit } from "../Habits.ts"

const path = "/v1/pauses"

/** Longer than others may not know of it, most of the time. */
const holdMs = { min: 3_000, max: 16_000 }

/** Calls a second that go on after a pause; null: all at once. */
const releases = [null, 2, 10] as const

export const pausing: Habit = {
  everyMs: 7_000,
  follow: async ({ ask, dice, lasting, targets }) => {
    const [of, key] = dice.pick<readonly [PauseOf, string]>([
      ["tag", hue],
      ["tag", hue],
      ["flow", dice.pick(flowNames)],
      // The latter half of the calls: not for long, or little else is left.
      ["target", targets.at(-1) ?? targets[0]]
    ])
    const paused = await ask(
      { _tag: "pause", of, key },
      { method: "POST", path, body: JSON.stringify({ of, key, reason: "they are moving" }) }
    )
    const id = paused?.body?.["id"]
    if (typeof id !== "string") return
    await lasting(of === "target" ? holdMs.min : dice.between(holdMs.min, holdMs.max))
    const perSecond = dice.pick(releases)
    const body = JSON.stringify(perSecond === null ? {} : { releasePerSecond: perSecond })
    await ask(
      { _tag: "resume", pauseId: id, ...(perSecond === null ? {} : { perSecond }) },
      { method: "POST", path: `${path}/${id}/resume`, body }
    )
  }
}
