import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Control, controls, patience } from "../src/controls.ts"
import { nothingElse, oneDeath, oneDeathInHand, oneDeathWhileTelling } from "../src/Faults.ts"
import { type Report, simulate } from "../src/simulate.ts"

const replay = (seed: number, control?: string) =>
  `pnpm sim --seed ${seed} --trace${control === undefined ? "" : ` --control "${control}"`}`

const assertSound = ({ seed, violation }: Report) => {
  if (violation === null) return
  assert.fail(
    `seed ${seed} breaks "${violation.invariant}" at ${violation.at} ms: ${violation.detail}\nreplay: ${replay(seed)}`
  )
}

/** `SIMULATION_SEEDS=1001..5000` runs others, or more. */
const [first = 1, last = 150] = (process.env.SIMULATION_SEEDS ?? "1..60").split("..").map(Number)
/** Worlds in which deaths are tried, each third one of them: each is run a hundred times. `SIMULATION_DEATHS=1..3` tries every death of three. */
const deathStride = process.env.SIMULATION_DEATHS === undefined ? 3 : 1
const [firstDeath = 1, lastDeath = firstDeath] = (process.env.SIMULATION_DEATHS ?? "1").split("..").map(Number)
const blockSize = 10

/** Lines that some trace has to have. */
const wanted = [
  /is killed/,
  /has ended/,
  /worker-\d+ stands still/,
  /store stands still/,
  /host-\d sets its clock \d/,
  /host-\d sets its clock -\d/,
  /store goes away for (?:even|odd)/,
  /the target goes away/,
  /commit refused/,
  /log \S+ \d+ ExecutionSuperseded/,
  /log \S+ \d+ CancellationRequested/,
  /log \S+ \d+ ServiceCallCancelled/,
  /log \S+ \d+ ExecutionHandedBack circuit_open/,
  /log \S+ \d+ ExecutionHandedBack draining/,
  /log \S+ \d+ ExecutionHandedBack no_capacity/,
  /log \S+ \d+ ExecutionHandedBack name_unanswered/,
  /log \S+ \d+ ExecutionHandedBack lease_unconfirmed/,
  /log \S+ \d+ ExecutionHandedBack recalled/,
  /log \S+ \d+ ServiceCallRerun/,
  /log \S+ \d+ ServiceCallRescheduled/,
  /log \S+ \d+ RetryScheduled/,
  /client-\d \S+ \S+ \S+ at \d+ again/,
  /client-\d \S+ \S+ IdempotencyKeyReused/,
  /client-\d \S+ \S+ VersionMismatch/,
  /client-\d \S+ \S+ Overloaded/,
  /client-\d \S+ \S+ StoreUnavailable/,
  /client-\d \S+ \S+ Silence/,
  /log \S+ \d+ CustomerErased/,
  /log \S+ \d+ BinRetired/,
  /log \S+ \d+ OrderMoved/,
  /log \S+ \d+ PickupCompleted/,
  /keeper-\d CreateOrder \S+ OrderWindowTaken/,
  /keeper-\d CreateOrder \S+ OrderCustomerUnfit/,
  /keeper-\d CreateOrder \S+ OrderBinUnfit/,
  /keeper-\d \S+ \S+ SerialNumberTaken/,
  /keeper-\d RetireBin \S+ BinInUse/,
  /keeper-\d EraseCustomer \S+ CustomerInUse/,
  /keeper-\d \S+ \S+ OrderNotInState/,
  /keeper-\d \S+ \S+ TooManyItems/,
  /log \S+ \d+ IngestionReceived/,
  /log \S+ \d+ IngestionRetried/,
  /log \S+ \d+ IngestionCompleted/,
  /log \S+ \d+ IngestionFailed/,
  /log \S+ \d+ ShipmentEventRecorded/,
  /worker-\d+ takes over/,
  /worker-\d+ lets go of/,
  /worker-\d+ inherits/,
  /log \S+ \d+ DropbinReceived/,
  /log \S+ \d+ IngestionFailed payload_unreachable/,
  /log \S+ \d+ IngestionFailed payload_digest_wrong/,
  /log \S+ \d+ IngestionFailed bin_unfit/,
  /world goes dark/,
  /log \S+ \d+ ScheduleFired$/,
  /log \S+ \d+ ScheduleFired with its call/,
  /log \S+ \d+ OccurrencesSkipped missing_hour/,
  /log \S+ \d+ OccurrencesSkipped missed/,
  /log \S+ \d+ OccurrencesSkipped overlap/,
  /log \S+ \d+ ScheduleWaited/,
  /log \S+ \d+ PauseCreated tag/,
  /log \S+ \d+ PauseResumed/,
  /log \S+ \d+ SubscriptionPaused/,
  /log \S+ \d+ SubscriptionDisabled/,
  /log \S+ \d+ SubscriptionDeleted/,
  /worker-\d+ give places back done/,
  /log \S+ \d+ ServiceCallReplaced/,
  /log \S+ \d+ CallbackWanted/,
  /log \S+ \d+ CallbackSettled/,
  /product-\d reports \d stored 0 known/,
  /product-\d reports \d stored [1-9] known/,
  /product-\d reports TooManyEvents/,
  /product-\d reports StoreUnavailable/,
  /product-\d reports Silence/,
  /log \S+ \d+ BulkStepRecorded/,
  /log \S+ \d+ BulkJobPaused/,
  /log \S+ \d+ BulkJobAborted/,
  /log \S+ \d+ BulkJobCompleted/
]
const missing = new Set(wanted)

/** Worlds without anything special are run once, whatever is looked at in them. */
const ran = new Map<number, Report>()
const run = (seed: number): Report => {
  const report = ran.get(seed) ?? simulate({ seed, keepTrace: true })
  ran.set(seed, { ...report, trace: [] })
  for (const kind of missing) if (report.trace.some((line) => kind.test(line))) missing.delete(kind)
  return report
}

const blocks = Array.from({ length: Math.ceil((last - first + 1) / blockSize) }, (_, i) => first + i * blockSize)

describe("a world where everything goes wrong", () => {
  for (const from of blocks) {
    const to = Math.min(last, from + blockSize - 1)
    it.effect(
      `keeps every invariant and comes to rest, seeds ${from} to ${to}`,
      () =>
        Effect.sync(() => {
          for (let seed = from; seed <= to; seed++) assertSound(run(seed))
        }),
      {
        tags: [
          "ADR-0013.1",
          "ADR-0013.4",
          "ADR-0012.2",
          "ADR-0012.3",
          "ADR-0012.4",
          "ADR-0012.5",
          "ADR-0006.3",
          "ADR-0008.2",
          "ADR-0030.5",
          "ADR-0030.6",
          "ADR-0030.9",
          "ADR-0032.5",
          "ADR-0032.6",
          "ADR-0036.1",
          "ADR-0042.1",
          "ADR-0042.2",
          "ADR-0042.4",
          "ADR-0043.1",
          "ADR-0043.4",
          "ADR-0043.6",
          "ADR-0048.1",
          "ADR-0054.3"
        ]
      }
    )
  }

  it.effect(
    "comes to rest when it dies at a call out of a process, before or after the call acted",
    () =>
      Effect.sync(() => {
        for (let seed = firstDeath; seed <= lastDeath; seed++) {
          const { crossings } = simulate({ ...oneDeath, seed, keepTrace: false })
          assert.isAbove(crossings, 60)
          for (let dieAtCrossing = 1; dieAtCrossing <= crossings; dieAtCrossing += deathStride) {
            const { violation } = simulate({ ...oneDeath, seed, keepTrace: false, dieAtCrossing })
            assert.isNull(violation, `replay: pnpm sim --seed ${seed} --die-at ${dieAtCrossing} --trace`)
          }
        }
      }),
    { tags: ["ADR-0013.1", "ADR-0012.4"] }
  )

  it.effect(
    "comes to rest when it dies while a call is pending under its key, or while an end is told",
    () =>
      Effect.sync(() => {
        const world = { ...oneDeathWhileTelling, seed: 3, keepTrace: false }
        const { crossings } = simulate(world)
        // Each death costs a lease time of looking for work: some of them, spread over all.
        for (let dieAtCrossing = 1; dieAtCrossing <= crossings; dieAtCrossing += 4 * deathStride) {
          assert.isNull(simulate({ ...world, dieAtCrossing }).violation, `dies at crossing ${dieAtCrossing}`)
        }
      }),
    { tags: ["ADR-0043.6", "ADR-0048.1"] }
  )

  it.effect(
    "comes to rest when it dies with events in hand, which the next one finds",
    () =>
      Effect.sync(() => {
        const world = { ...oneDeathInHand, seed: 1, keepTrace: false }
        const { crossings } = simulate(world)
        assert.isAbove(crossings, 60)
        for (let dieAtCrossing = 1; dieAtCrossing <= crossings; dieAtCrossing += deathStride) {
          assert.isNull(simulate({ ...world, dieAtCrossing }).violation, `dies at crossing ${dieAtCrossing}`)
        }
      }),
    { tags: ["ADR-0030.9"] }
  )

  it.effect(
    "leaves the same trace when its seed is run again, and another one under another seed",
    () =>
      Effect.sync(() => {
        const hashes = new Set<string>()
        for (let seed = 1; seed <= 12; seed++) {
          const { hash, steps } = run(seed)
          assert.deepInclude(simulate({ seed, keepTrace: false }), { hash, steps }, `seed ${seed} differs from itself`)
          hashes.add(hash)
        }
        assert.strictEqual(hashes.size, 12)
      }),
    { tags: ["ADR-0013.2"] }
  )

  it.effect("goes through every kind of trouble", () =>
    Effect.sync(() => {
      // A process that comes back after everybody has given it up is rare in a world drawn at random.
      const frozen = {
        setup: { processes: 3 as const, capacity: 32, clients: 3, actionsPerClient: 20, reporters: 0, told: false },
        faults: { pause: 0.03, crash: 0, orderlyStop: 0, targetSlow: 0.8 }
      }
      // So is one that is asked to end while it has attempts at hand that wait, beside many who keep orders.
      const ending = {
        setup: { opsClients: 3, actionsPerClient: 20 },
        faults: { crash: 0.02, orderlyStop: 1, noPlace: 0.5, pause: 0 }
      }
      // And many who do much to the same orders.
      const crowd = {
        setup: { ...nothingElse, opsClients: 3, actionsPerClient: 60, processes: 1 as const },
        faults: { blackoutMs: 0, crash: 0, pause: 0, storeRefuses: 0, outages: 0, standstills: 0 }
      }
      // And an endpoint that takes nothing for as long as it takes to be disabled.
      const failing = {
        setup: { subscribers: 1, disableAfterMs: 30_000, activeMs: 60_000 as const },
        faults: { blackoutMs: 120_000, targetFails: 1 }
      }
      // With the first world that is tried: one of those in which it shows, so that few have to be run.
      const rare = [
        [crowd, /TooManyItems/, 6],
        [failing, /SubscriptionDisabled/, 4],
        [ending, /draining/, 5],
        [frozen, /ExecutionSuperseded/, 32]
      ] as const
      const isRare = ({ source }: RegExp) => rare.some(([, what]) => source.includes(what.source))
      for (let seed = 1; seed <= 80 && ![...missing].every(isRare); seed++) run(seed)
      for (const [world, what, from] of rare) {
        const isMissing = () => [...missing].some(({ source }) => source.includes(what.source))
        for (let seed = from; seed < from + 80 && isMissing(); seed++) {
          const { trace } = simulate({ ...world, seed, keepTrace: true })
          for (const kind of missing) if (trace.some((line) => kind.test(line))) missing.delete(kind)
        }
      }
      assert.deepStrictEqual([...missing], [])
    })
  )
})

const findViolation = (control: Control): Report | undefined => {
  const { from } = control
  for (let seed = from; seed < from + patience; seed++) {
    const report = simulate({ ...control, seed, keepTrace: false })
    if (report.violation !== null) return report
  }
  return undefined
}

describe("a mechanism that is switched off is missed:", () => {
  for (const [name, control] of Object.entries(controls)) {
    it.effect(
      name,
      () =>
        Effect.sync(() => {
          const report = findViolation(control)
          assert.isDefined(report, `no violation in ${patience} worlds`)
          assert.include(control.breaks, report?.violation?.invariant, replay(report?.seed ?? 0, name))
        }),
      { tags: ["ADR-0013.3"] }
    )
  }
})
