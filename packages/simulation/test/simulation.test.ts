import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Control, controls } from "../src/controls.ts"
import { oneDeath } from "../src/Faults.ts"
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
const [first = 1, last = 150] = (process.env.SIMULATION_SEEDS ?? "1..150").split("..").map(Number)
/** Worlds in which every death is tried: each is run some hundred times. `SIMULATION_DEATHS=1..3` tries three. */
const [firstDeath = 1, lastDeath = firstDeath] = (process.env.SIMULATION_DEATHS ?? "1").split("..").map(Number)
const blockSize = 50
const blocks = Array.from({ length: Math.ceil((last - first + 1) / blockSize) }, (_, i) => first + i * blockSize)

describe("a world where everything goes wrong", () => {
  for (const from of blocks) {
    const to = Math.min(last, from + blockSize - 1)
    it.effect(
      `keeps every invariant and comes to rest, seeds ${from} to ${to}`,
      () =>
        Effect.sync(() => {
          for (let seed = from; seed <= to; seed++) assertSound(simulate({ seed, keepTrace: false }))
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
          "ADR-0030.6"
        ]
      }
    )
  }

  it.effect(
    "comes to rest whichever call out of a process it dies at, before or after the call acted",
    () =>
      Effect.sync(() => {
        for (let seed = firstDeath; seed <= lastDeath; seed++) {
          const { crossings } = simulate({ ...oneDeath, seed, keepTrace: false })
          assert.isAbove(crossings, 60)
          for (let dieAtCrossing = 1; dieAtCrossing <= crossings; dieAtCrossing++) {
            const { violation } = simulate({ ...oneDeath, seed, keepTrace: false, dieAtCrossing })
            assert.isNull(violation, `replay: pnpm sim --seed ${seed} --die-at ${dieAtCrossing} --trace`)
          }
        }
      }),
    { tags: ["ADR-0013.1", "ADR-0012.4"] }
  )

  it.effect(
    "leaves the same trace when its seed is run again, and another one under another seed",
    () =>
      Effect.sync(() => {
        const hashes = new Set<string>()
        for (let seed = 1; seed <= 25; seed++) {
          const { hash, steps } = simulate({ seed, keepTrace: false })
          assert.deepInclude(simulate({ seed, keepTrace: true }), { hash, steps }, `seed ${seed} differs from itself`)
          hashes.add(hash)
        }
        assert.strictEqual(hashes.size, 25)
      }),
    { tags: ["ADR-0013.2"] }
  )

  it.effect("goes through every kind of trouble", () =>
    Effect.sync(() => {
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
        /log \S+ \d+ DropbinReceived/,
        /log \S+ \d+ IngestionFailed payload_unreachable/,
        /log \S+ \d+ IngestionFailed payload_digest_wrong/,
        /log \S+ \d+ IngestionFailed bin_unfit/
      ]
      const missing = new Set(wanted)
      // A process that comes back after everybody has given it up is rare in a world drawn at random.
      const frozen = {
        setup: { processes: 3 as const, capacity: 32, clients: 3, actionsPerClient: 20 },
        faults: { pause: 0.03, crash: 0, orderlyStop: 0, targetSlow: 0.8 }
      }
      // So is one that is asked to end while it has attempts at hand that wait, beside many who keep orders.
      const ending = {
        setup: { opsClients: 3, actionsPerClient: 20 },
        faults: { crash: 0.02, orderlyStop: 1, noPlace: 0.5, pause: 0 }
      }
      for (const world of [{}, frozen, ending]) {
        for (let seed = 1; seed <= 80 && missing.size > 0; seed++) {
          const { trace } = simulate({ ...world, seed, keepTrace: true })
          for (const kind of missing) if (trace.some((line) => kind.test(line))) missing.delete(kind)
        }
      }
      assert.deepStrictEqual([...missing], [])
    })
  )
})

/** Worlds that may pass before the missing mechanism is missed. */
const patience = 120

const findViolation = (control: Control): Report | undefined => {
  for (let seed = 1; seed <= patience; seed++) {
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
