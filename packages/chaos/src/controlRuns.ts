/** Runs with mechanisms switched off: that each is missed by its checker, and nothing is found about calls that were left alone. */
import { type Finding, judge } from "./checkers.ts"
import { runOnce } from "./perform.ts"
import { drawPlan, type FaultKind } from "./Plan.ts"
import type { RunOptions } from "./Run.ts"
import { type Control, joined, sabotages, together, untouched } from "./sabotages.ts"

/** On a stage with servers of its own and more than one process. */
type Place = Pick<RunOptions, "cast" | "directory" | "program" | "say">

/** Where something never comes to rest, what does is given `restLimitMs` for it. */
const found = async (
  place: Place,
  controls: ReadonlyArray<Control>,
  kinds: ReadonlyArray<FaultKind>,
  restLimitMs: number
): Promise<ReadonlyArray<Finding>> =>
  judge(
    await runOnce({
      ...place,
      faketime: null,
      seed: 11,
      rate: 60,
      plan: drawPlan(11, [], kinds, 1),
      margin: 300,
      restLimitMs,
      sabotage: joined(controls)
    })
  )

/** What is wrong with the findings of a run with those controls, in words. */
export const wrongIn = (
  findings: ReadonlyArray<Finding>,
  controls: Readonly<Record<string, Control>>
): ReadonlyArray<string> => {
  const missed = Object.entries(controls).filter(
    ([, { digit, finds }]) =>
      !findings.some(
        ({ callId, checker }) => checker === finds && (digit === null || callId === null || callId.startsWith(digit))
      )
  )
  return [
    ...missed.map(([name, { finds }]) => `"${finds}" has missed "${name}"`),
    ...findings
      .filter(({ callId }) => callId?.startsWith(untouched))
      .map(({ callId, checker, detail }) => `"${checker}" found ${detail} about ${callId}, which was left alone`)
  ]
}

/**
 * What a blackout has left running, with nobody there to see it end, is found by its lease (10 s) at a tick of the sweep (5 s); and as long again,
 * since other programs may use the same processor. All of it is waited for, as something never comes to rest here, and nearly nothing is done meanwhile.
 */
const leasesOverMs = 30_000

/** All that fit together, in one run: nearly two minutes. What is only in memory is lost once. */
export const runTogether = async (place: Place): Promise<ReadonlyArray<string>> =>
  wrongIn(await found(place, Object.values(together), ["blackout"], leasesOverMs), together)

/** The database comes back with an older disk: some twenty seconds. */
export const runOldDisk = async (place: Place): Promise<ReadonlyArray<Finding>> => {
  const control = sabotages["old disk"]
  if (control === undefined) throw new Error("there is no control of an old disk")
  const findings = await found(place, [control], [], 8_000)
  return findings.filter(({ checker }) => checker === control.finds)
}
