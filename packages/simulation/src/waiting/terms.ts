/** What calls of a world with pauses and flows have in common: a few flows, each with one set of bounds, and a few tags. */
import type { Flow, Spec } from "@dueline/contracts/serviceCall/Spec"
import type { Dice } from "../world/Dice.ts"

export const flowKeys = ["narrow", "slow"] as const
export const tagsOf = ["red", "blue"] as const

const bounds: Readonly<Record<(typeof flowKeys)[number], Omit<Flow, "key">>> = {
  narrow: { concurrency: 1 },
  slow: { concurrency: 2, ratePerSecond: 0.5 }
}

export const withTerms = (spec: Spec, dice: Dice): Spec => {
  const key = dice.pick([null, ...flowKeys, ...flowKeys])
  const tags = dice.chance(0.5) ? [dice.pick(tagsOf)] : []
  return { ...spec, tags, ...(key === null ? {} : { flow: { key, ...bounds[key] } }) }
}
