/**
 * What goes wrong in a run, drawn from the seed: the same seed is the same plan. What the machine makes of it differs from run to run;
 * faults wait for progress of the load, so that a slow machine gets the same faults at the same places.
 */
import { Dice } from "@dueline/simulation/world/Dice"
import type { CastName } from "./Stage.ts"

export const faultKinds = [
  "kill",
  "kill-starting",
  "pause",
  "short-pause",
  "roll",
  "blackout",
  "postgres-end",
  "postgres-recovery",
  "postgres-pause",
  "clock-jump",
  "nats-kill",
  "nats-wipe",
  "nats-pause",
  "redis-kill",
  "redis-pause"
] as const
export type FaultKind = (typeof faultKinds)[number]

export const isFaultKind = (text: string): text is FaultKind => (faultKinds as ReadonlyArray<string>).includes(text)

export interface Fault {
  readonly number: number
  readonly kind: FaultKind
  /** Name of a process or server; `all` for every process of the program. */
  readonly victim: string
  /** Operations that clients begin between the fault before and this one. */
  readonly afterOperations: number
  /** How long the victim stays away or stands still, in milliseconds. */
  readonly forMs: number
  /** How far a recovery gets before it is ended, in milliseconds. */
  readonly intoRecoveryMs: number
  readonly gently: boolean
  /** By how much a clock is off meanwhile, in milliseconds; positive is ahead. */
  readonly clockMs: number
}

/** Longer than a lease (10 s), so that the victim is taken for dead. */
const pastLease = { min: 12_000, max: 15_000 }

const durations: Readonly<Record<FaultKind, { readonly min: number; readonly max: number }>> = {
  kill: { min: 0, max: 4_000 },
  "kill-starting": { min: 50, max: 900 },
  pause: pastLease,
  "short-pause": { min: 200, max: 6_000 },
  roll: { min: 0, max: 500 },
  blackout: { min: 0, max: 2_000 },
  "postgres-end": { min: 0, max: 2_000 },
  "postgres-recovery": { min: 0, max: 500 },
  // Below and above the lease.
  "postgres-pause": { min: 8_000, max: 20_000 },
  "clock-jump": { min: 4_000, max: 12_000 },
  "nats-kill": { min: 0, max: 5_000 },
  "nats-wipe": { min: 0, max: 3_000 },
  "nats-pause": { min: 500, max: 8_000 },
  "redis-kill": { min: 0, max: 5_000 },
  "redis-pause": { min: 500, max: 8_000 }
}

const ofServers = (kind: FaultKind): boolean => /^(?:nats|redis)-/u.test(kind)

/** The kinds that there is a victim for. */
export const kindsOn = (cast: CastName): ReadonlyArray<FaultKind> =>
  faultKinds.filter((kind) => cast !== "all-in-one" || !ofServers(kind))

/** Names of processes that can stand in for each other. */
export type Groups = ReadonlyArray<ReadonlyArray<string>>

interface Choice {
  readonly kind: FaultKind
  /** Who may be the victim. */
  readonly among: ReadonlyArray<string>
}

/** More than a lease, so that whoever judges it by the wall clock takes living workers for dead. */
const jump = { min: 12, max: 20 }

/** Done to each group of processes once a round. */
const perGroup: ReadonlySet<FaultKind> = new Set(["kill", "pause"])

/** One round: every kind once, and some to each group once. */
const choicesOf = (kinds: ReadonlyArray<FaultKind>, groups: Groups): ReadonlyArray<Choice> =>
  kinds.flatMap((kind): ReadonlyArray<Choice> => {
    if (perGroup.has(kind)) return groups.map((among) => ({ kind, among }))
    const server = /^(postgres|nats|redis)-/u.exec(kind)?.[1]
    if (server !== undefined) return [{ kind, among: [server] }]
    return [{ kind, among: kind === "blackout" || kind === "roll" ? ["all"] : groups.flat() }]
  })

const drawFault = (dice: Dice, number: number, { among, kind }: Choice): Fault => {
  const { max, min } = durations[kind]
  const [first = "", ...others] = among
  return {
    number,
    kind,
    victim: dice.pick([first, ...others]),
    afterOperations: dice.between(10, 60),
    forMs: dice.between(min, max),
    intoRecoveryMs: dice.between(20, 300),
    gently: dice.chance(0.5),
    clockMs: dice.between(jump.min, jump.max) * 1_000 * (dice.chance(0.5) ? 1 : -1)
  }
}

const shuffled = <A>(dice: Dice, items: ReadonlyArray<A>): ReadonlyArray<A> =>
  items
    .map((item) => ({ item, place: dice.next() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item)

/** One round after the other, each in an order of its own; endless unless a number of rounds is given. */
export function* drawPlan(
  seed: number,
  groups: Groups,
  kinds: ReadonlyArray<FaultKind>,
  rounds = Number.POSITIVE_INFINITY
): Generator<Fault, void> {
  const dice = new Dice(seed).fork("plan")
  const choices = choicesOf(kinds, groups)
  for (let round = 0, number = 1; round < rounds && choices.length > 0; round++) {
    for (const choice of shuffled(dice.fork(`round ${round}`), choices)) {
      yield drawFault(dice.fork(`fault ${number}`), number, choice)
      number += 1
    }
  }
}

export const firstOf = (plan: Iterable<Fault>, count: number): ReadonlyArray<Fault> => {
  const faults: Array<Fault> = []
  for (const fault of plan) {
    if (faults.length >= count) break
    faults.push(fault)
  }
  return faults
}

export const sentenceOf = ({ afterOperations, clockMs, forMs, kind, number, victim }: Fault): string =>
  [
    `${String(number).padStart(3)}  after ${String(afterOperations).padStart(2)} operations  ${kind} ${victim}  ${forMs} ms`,
    ...(kind === "clock-jump" ? [`${clockMs > 0 ? "ahead" : "behind"} by ${Math.abs(clockMs)} ms`] : [])
  ].join(", ")
