/** What a client submits, drawn from the dice: when, to whom, and how the target will behave. */
import type { Dice } from "@dueline/simulation/Dice"
import type { Wish } from "./History.ts"

export interface Submission extends Wish {
  readonly delayMs: number
  readonly waits: boolean
  readonly body: string
}

/** Attempts of a call that must succeed in the end, however often its worker is lost. */
const patient = 40

interface Behaviour {
  readonly query: Readonly<Record<string, string | number>>
  readonly maxAttempts: number
}

/** Most targets are well; some fail first, some are slow, some refuse for good, and some calls may be tried once only. */
const drawBehaviour = (dice: Dice): Behaviour => {
  const kind = dice.next()
  const slow = dice.chance(0.15) ? { slow: dice.between(1_000, 3_000) } : {}
  if (kind < 0.6) return { query: slow, maxAttempts: patient }
  if (kind < 0.8) return { query: { failures: dice.between(1, 3), ...slow }, maxAttempts: patient }
  if (kind < 0.87) return { query: { failures: 1, cut: 1 }, maxAttempts: patient }
  if (kind < 0.94) return { query: { end: dice.pick([400, 404, 410]) }, maxAttempts: patient }
  return { query: { failures: 9, ...slow }, maxAttempts: dice.between(1, 2) }
}

/** A call in three has one attempt: what is charged without a request shows at once, as a call that failed. */
const onceShare = 1 / 3
/** Calls to an address where nobody listens. Each has an address of its own, so that no circuit is shared. */
const refusedShare = 0.04

const drawAddress = (dice: Dice): string =>
  `http://127.${dice.between(1, 254)}.${dice.between(1, 254)}.${dice.between(1, 254)}:9`

const drawDelayMs = (dice: Dice): number => (dice.chance(0.4) ? 0 : dice.between(1, 8_000))

export const drawSubmission = (
  dice: Dice,
  tenant: string,
  key: string,
  targets: readonly [string, ...ReadonlyArray<string>]
): Submission => {
  const delayMs = drawDelayMs(dice)
  const { maxAttempts: most, query } = drawBehaviour(dice)
  const parameters = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)])
  )
  const target = dice.pick(targets)
  const reachable = !dice.chance(refusedShare)
  const once = dice.chance(onceShare) || !reachable
  const maxAttempts = once ? 1 : most
  const url = `${reachable ? target : drawAddress(dice)}/${tenant}/${key}?${parameters}`
  const body = {
    delay: delayMs,
    request: { method: "POST", url, body: { key, what: "pickup" } },
    // A quarter of a second at the most, so that a run is about faults and not about waiting.
    retry: { maxAttempts, initialDelayMs: 50, maxDelayMs: 250 },
    timeoutMs: 10_000,
    tags: [`tenant:${tenant}`]
  }
  return { delayMs, waits: dice.chance(0.05), body: JSON.stringify(body), maxAttempts, reachable }
}
