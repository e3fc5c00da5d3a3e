/**
 * What goes wrong in a world and how its program is set up, drawn from the seed. Each fault is off in half of the worlds, so that
 * some worlds show few of them at a time (swarm testing: Groce et al., "Swarm Testing", ISSTA 2012).
 */
import type { Dice } from "./world/Dice.ts"

/** All are chances in [0, 1] unless a unit is named. */
export interface Faults {
  /** Per call that leaves a process: the process dies at it, before or after it acted. */
  readonly crash: number
  /** Per call that leaves a process: the process stands still for a while. */
  readonly pause: number
  /** Per restart: the end was asked for and the program had time to stop in order. */
  readonly orderlyStop: number
  readonly storeRefuses: number
  /** It acted and the answer was lost. */
  readonly storeForgetsToAnswer: number
  /** It said that it could not answer, and acts after that. */
  readonly storeActsLate: number
  readonly storeSlow: number
  /** How many times the store is away for all. */
  readonly outages: number
  readonly intentLost: number
  readonly intentRepeated: number
  readonly intentLate: number
  readonly alarmRepeated: number
  readonly commandRepeated: number
  readonly commandLate: number
  readonly requestLost: number
  readonly answerLost: number
  /** How many times the wall clock of a host is set forward or back. */
  readonly clockSteps: number
  /** Per look at a wall clock: it is off by a little. */
  readonly clockTrembles: number
  /** How many times the store stands still: what is asked of it waits for seconds, and is then done or not. */
  readonly standstills: number
  /** Share of requests that wait for seconds for their connection. */
  readonly noPlace: number
  /** Share of requests whose target's name nobody answers for. */
  readonly nameUnanswered: number
  /** A sleep ends up to two milliseconds early. */
  readonly earlyRing: number
  readonly consumerFails: number
  /** Share of exchanges with a target that end in something else than an answer of the target's own making. */
  readonly wireFails: number
  readonly targetFails: number
  readonly targetSlow: number
  /** How many times no target can be reached. */
  readonly targetOutages: number
  /** For so long no process runs, in milliseconds. */
  readonly blackoutMs: number
}

export interface Setup {
  /** One process that knows it is alone, or others beside each other. */
  readonly processes: 1 | 2 | 3
  readonly capacity: number
  readonly batchLimit: number
  readonly cacheLimit: number
  readonly queueLimit: number
  readonly horizonMs: number
  readonly sweepEveryMs: number
  readonly pageLimit: number
  readonly clients: number
  readonly actionsPerClient: number
  /** Those who keep customers, bins and orders. */
  readonly opsClients: number
  /** Those whose events come in. */
  readonly couriers: number
  /** Where one process is alone it takes couriers' events over with their commits. */
  readonly directEvents: boolean
  /** Those whose payloads come in, to become orders. */
  readonly droppers: number
  /** Those who keep schedules, those who pause, and those who subscribe. */
  readonly schedulers: number
  readonly pausers: number
  readonly subscribers: number
  /** Those who start bulk jobs. */
  readonly operators: number
  /** Those who submit calls of which one at a time may be pending. */
  readonly reporters: number
  /** Those whose products report events. */
  readonly products: number
  /** Some calls say whom their end is told. */
  readonly told: boolean
  /** A subscription to which nothing could be delivered for so long is disabled, in milliseconds. */
  readonly disableAfterMs: number
  /** The world begins some time in winter, or soon before the clocks of Berlin are set. */
  readonly begins: "winter" | "spring" | "autumn"
  /** Versions from one snapshot of a stream to the next. */
  readonly snapshotEvery: number
  /** So many attempts more than there is room for are begun at once: they wait for a slot, or find none and are handed back. */
  readonly overbooked: number
  /** Failures in a row that open a circuit, and how long it stays open the first time, in milliseconds. */
  readonly circuitFailures: number
  readonly circuitOpenMs: number
  /** How long clients act and faults happen, in milliseconds. */
  readonly activeMs: number
}

/** Nothing goes wrong. */
export const noFaults: Faults = {
  crash: 0,
  pause: 0,
  orderlyStop: 0,
  storeRefuses: 0,
  storeForgetsToAnswer: 0,
  storeActsLate: 0,
  storeSlow: 0,
  outages: 0,
  intentLost: 0,
  intentRepeated: 0,
  intentLate: 0,
  alarmRepeated: 0,
  commandRepeated: 0,
  commandLate: 0,
  requestLost: 0,
  answerLost: 0,
  clockSteps: 0,
  clockTrembles: 0,
  standstills: 0,
  noPlace: 0,
  nameUnanswered: 0,
  earlyRing: 0,
  consumerFails: 0,
  wireFails: 0,
  targetFails: 0,
  targetSlow: 0,
  targetOutages: 0,
  blackoutMs: 0
}

/** None of what came in later, or from elsewhere. */
export const nothingElse: Partial<Setup> = {
  couriers: 0,
  directEvents: false,
  droppers: 0,
  schedulers: 0,
  pausers: 0,
  subscribers: 0,
  operators: 0,
  reporters: 0,
  told: false,
  products: 0,
  begins: "winter"
}

/** A short, well-behaved world in which one death after the other can be tried. */
export const oneDeath = {
  faults: { ...noFaults, targetFails: 0.3 },
  setup: { ...nothingElse, clients: 1, actionsPerClient: 6, opsClients: 1, couriers: 1, droppers: 1, activeMs: 8_000 }
}

/** The same for calls of which one at a time is pending, and whose ends are told. */
export const oneDeathWhileTelling = {
  faults: oneDeath.faults,
  setup: { ...oneDeath.setup, opsClients: 0, couriers: 0, droppers: 0, reporters: 1, told: true }
}

/** The same for events that a process takes over with their commits. */
export const oneDeathInHand = {
  faults: oneDeath.faults,
  setup: { ...oneDeath.setup, processes: 1, opsClients: 0, couriers: 2, directEvents: true, droppers: 0 }
} as const

export const drawFaults = (dice: Dice): Faults => {
  const often = (max: number): number => (dice.chance(0.5) ? max * (0.1 + 0.9 * dice.next()) : 0)
  return {
    crash: often(0.02),
    pause: often(0.03),
    orderlyStop: often(0.5),
    storeRefuses: often(0.15),
    storeForgetsToAnswer: often(0.15),
    storeActsLate: often(0.08),
    storeSlow: often(0.2),
    outages: dice.chance(0.3) ? dice.between(1, 3) : 0,
    intentLost: often(0.3),
    intentRepeated: often(0.3),
    intentLate: often(0.3),
    alarmRepeated: often(0.3),
    commandRepeated: often(0.3),
    commandLate: often(0.3),
    requestLost: often(0.15),
    answerLost: often(0.25),
    earlyRing: often(0.5),
    consumerFails: often(0.3),
    wireFails: often(0.4),
    targetFails: often(0.5),
    targetSlow: often(0.3),
    targetOutages: dice.chance(0.5) ? dice.between(1, 3) : 0,
    clockSteps: dice.chance(0.5) ? dice.between(1, 12) : 0,
    clockTrembles: often(0.5),
    standstills: dice.chance(0.4) ? dice.between(1, 2) : 0,
    noPlace: often(0.2),
    nameUnanswered: often(0.1),
    blackoutMs: 0
  }
}

/** Only where schedules are kept is there anything to miss. */
export const drawBlackout = (dice: Dice, { begins, schedulers }: Setup): number =>
  schedulers > 0 && dice.chance(begins === "winter" ? 0.3 : 0.7) ? 4 * 3_600_000 : 0

export const drawSetup = (dice: Dice): Setup => ({
  processes: dice.pick([1, 2]),
  capacity: dice.pick([1, 2, 4, 32]),
  batchLimit: dice.pick([1, 3, 256]),
  cacheLimit: dice.pick([1, 8, 10_000]),
  queueLimit: dice.pick([4, 64, 8_192]),
  horizonMs: dice.pick([3_000, 20_000, 60_000]),
  sweepEveryMs: dice.pick([500, 2_000, 5_000]),
  pageLimit: dice.pick([2, 10, 1_000]),
  clients: dice.between(1, 3),
  actionsPerClient: dice.between(8, 20),
  activeMs: dice.pick([20_000, 60_000]),
  circuitFailures: dice.pick([1, 3, 10]),
  circuitOpenMs: dice.pick([500, 2_000, 5_000]),
  overbooked: dice.pick([0, 0, 1, 4]),
  opsClients: dice.pick([0, 1, 2, 3]),
  snapshotEvery: dice.pick([1, 3, 128]),
  couriers: dice.pick([0, 0, 1, 2]),
  droppers: dice.pick([0, 0, 1]),
  ...drawLate(dice)
})

const late: readonly [readonly [number, number, number], ...ReadonlyArray<readonly [number, number, number]>] = [
  [0, 0, 0],
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
  [1, 1, 1]
]

/** What came in late is drawn last, and in a part of the worlds only: each is work for the rest of the world's time. */
const drawLate = (dice: Dice) => {
  const [schedulers, pausers, subscribers] = dice.pick(late)
  const begins = dice.pick<Setup["begins"]>(schedulers === 0 ? ["winter"] : ["winter", "spring", "autumn"])
  const disableAfterMs = dice.pick([30_000, 259_200_000])
  const operators = dice.pick([0, 0, 0, 1])
  const reporters = dice.pick([0, 0, 0, 1, 2])
  const told = dice.chance(0.25)
  const products = dice.pick([0, 0, 0, 1, 3])
  const directEvents = dice.chance(0.5)
  const others = { operators, reporters, told, products, directEvents }
  return { schedulers, pausers, subscribers, begins, disableAfterMs, ...others } as const
}
