/** How often whoever fires schedules reads which of them are due. */
import type { EpochMillis } from "@dueline/contracts/Ids"
import { CallQueries, OpsQueries } from "@dueline/contracts/ports/Queries"
import { type DueSchedule, DueSchedules } from "@dueline/contracts/ports/DueWork"
import { Orchestrator, VersionMismatch } from "@dueline/contracts/ports/Orchestrator"
import { RequestIntake } from "@dueline/contracts/ports/Admission"
import { RequestVault } from "@dueline/contracts/ports/Vaults"
import { ScheduleId } from "@dueline/contracts/schedule/Schedule"
import { assert, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { TestClock } from "effect/testing"
import { makeFirer } from "../src/schedules/ScheduleFirer.ts"
import { callIdOf, intake, vault, world, zoneData } from "./ScheduleWorld.ts"

it.effect("schedules that come one after the other within a second are read once, and each is fired in its time", () =>
  Effect.gen(function* () {
    const here = yield* world("2026-05-01T08:00:30Z", {})
    const { store } = here
    const { callQueries, opsQueries } = store
    const [one] = yield* store.dueSchedules.due({ before: here.now() + 3_600_000, after: null, limit: 1 })
    if (one === undefined) return assert.fail("there is no schedule")
    const start = one.wakeAt - 500
    const waiting = Array.from({ length: 40 }, (_, n): DueSchedule => {
      const at = (start + 20 * n) as EpochMillis
      const scheduleId = ScheduleId.make(`00000000-0000-7000-8000-e4000000${(0x1000 + n).toString(16)}`)
      return { ...one, scheduleId, nextAt: at, wakeAt: at }
    })
    const fired = new Map<string, number>()
    let reads = 0
    const { tick } = yield* makeFirer({ callIdOf, zoneData }).pipe(
      Effect.provideService(
        Orchestrator,
        Orchestrator.offering((envelope, settle) => {
          const { scheduleId } = envelope.command as { readonly scheduleId: string }
          fired.set(scheduleId, (fired.get(scheduleId) ?? 0) + 1)
          settle(Exit.fail(new VersionMismatch({ expected: 1, actual: 2 })))
        })
      ),
      Effect.provideService(DueSchedules, {
        ...store.dueSchedules,
        due: ({ before }) =>
          Effect.sync(() => {
            reads += 1
            return waiting.filter(({ scheduleId, wakeAt }) => wakeAt <= before && !fired.has(scheduleId))
          })
      }),
      Effect.provideService(CallQueries, callQueries),
      Effect.provideService(OpsQueries, opsQueries),
      Effect.provideService(RequestIntake, intake),
      Effect.provideService(RequestVault, vault)
    )
    for (const { scheduleId, wakeAt } of waiting) {
      yield* TestClock.setTime(wakeAt)
      yield* tick(() => true)
      assert.strictEqual(fired.get(scheduleId), 1)
    }
    assert.strictEqual(fired.size, 40)
    assert.isAtMost(reads, 3)
  })
)
