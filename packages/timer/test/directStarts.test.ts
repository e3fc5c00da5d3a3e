/** Which calls start in the commit of their submission, and what is left behind of those that do not. */
import { assert, describe, it } from "@effect/vitest"
import type { DirectStart } from "@dueline/contracts/CommitCompanions"
import { type CommandId, CorrelationId, EpochMillis } from "@dueline/contracts/Ids"
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import type { Envelope } from "@dueline/contracts/Envelope"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { defaultRetryPolicy, leadMs } from "@dueline/contracts/serviceCall/Spec"
import * as Sample from "@dueline/port-contracts/Sample"
import { Effect, Exit } from "effect"
import { TestClock } from "effect/testing"
import { type DueLoopOptions, isEarly } from "../src/DueLoop.ts"
import { type Hold, Holds } from "../src/Holds.ts"
import { running } from "./RunningLoop.ts"
import { alarm, Floor, Scripted, worker } from "./Scripted.ts"

type Submission = Extract<ServiceCallCommand, { readonly _tag: "SubmitServiceCall" }>

const now = 100_000
const origin = { correlationId: CorrelationId.make("0abc"), traceparent: null }
const request = {
  method: "POST",
  url: `https://${Sample.host}/`,
  headers: {},
  bodyBytes: 0,
  bodySnippet: null
} as const
const spec = { request, timeoutMs: 1_000, retry: defaultRetryPolicy, tags: [] }

const submission = (of: Sample.Target, changes: Partial<Submission> = {}): Envelope<Submission> => ({
  tenantId: of.tenantId,
  commandId: `submit:${of.callId}` as CommandId,
  correlationId: origin.correlationId,
  actor: { kind: "user", id: "someone" },
  traceparent: null,
  idempotency: null,
  expectedVersion: null,
  command: {
    _tag: "SubmitServiceCall",
    callId: of.callId,
    at: EpochMillis.make(now),
    dueAt: EpochMillis.make(now),
    spec,
    fingerprint: null,
    origin,
    sealed: null,
    ...changes
  }
})

const started = ({ envelope, settle }: DirectStart) =>
  settle(
    Exit.succeed({
      version: 2,
      replayed: false,
      outcome: {
        _tag: "Started",
        callId: envelope.command.callId,
        status: "Running",
        dueAt: EpochMillis.make(now),
        attempt: 1,
        epoch: 1
      }
    })
  )

const inLoop = <A>(
  places: number,
  body: (loop: {
    readonly direct: (of: Sample.Target, changes?: Partial<Submission>) => DirectStart | null
    readonly script: Scripted
    readonly arm: (of: Sample.Target) => Effect.Effect<void>
  }) => Effect.Effect<A>,
  options: Partial<DueLoopOptions> = {}
) => {
  const floor = new Floor(places)
  const script = new Scripted(floor.start)
  return running(
    script,
    floor,
    ({ arm, direct }) =>
      Effect.andThen(
        TestClock.adjust(now),
        body({
          direct: (of, changes) => direct(submission(of, changes)),
          script,
          arm: (of) => Effect.andThen(arm(alarm(now, of)), TestClock.adjust(0))
        })
      ),
    options
  )
}

describe("a call that is due when it is submitted", { tags: ["ADR-0053.1"] }, () => {
  it.effect(
    "starts with its submission, under the command id of its first due time, at the worker that has a place",
    () =>
      inLoop(1, ({ direct }) =>
        Effect.sync(() => {
          const of = Sample.target()
          const start = direct(of)
          assert.deepStrictEqual(start?.envelope.command as unknown, {
            _tag: "DueTimeReached",
            callId: of.callId,
            at: now,
            revision: 1,
            worker
          })
          assert.strictEqual(start?.envelope.commandId, `due:${of.callId}:1`)
          assert.strictEqual(start?.envelope.tenantId, of.tenantId)
        })
      )
  )

  it.effect("waits when it is due a millisecond later, when its key may name another, and when no place is free", () =>
    inLoop(1, ({ direct }) =>
      Effect.sync(() => {
        assert.isNull(direct(Sample.target(), { dueAt: EpochMillis.make(now + 1) }))
        assert.isNull(direct(Sample.target(), { pending: { onConflict: "keep", longestWaitMs: null } }))
        assert.isNotNull(direct(Sample.target()), "nothing of those has taken the place")
        assert.isNull(direct(Sample.target()), "and now it is taken")
      })
    )
  )

  it.effect("gives its place back when its submission is refused, and counts once when it has started", () =>
    inLoop(1, ({ direct }) =>
      Effect.sync(() => {
        direct(Sample.target())?.settle(null)
        const start = direct(Sample.target())
        if (start === null) return assert.fail("the place did not come back")
        started(start)
        assert.isNotNull(direct(Sample.target()), "the executor counts it itself, and this one has a place more")
      })
    )
  )
})

describe("an attempt whose start was being committed", { tags: ["ADR-0053.3"] }, () => {
  it("is early when the clock has gone back by more than the lead at which workers are asked", () => {
    const { callId, tenantId } = Sample.target()
    const intent: ExecutionRequested = {
      _tag: "ExecutionRequested",
      tenantId,
      callId,
      worker,
      epoch: 1,
      attempt: 1,
      dueAt: now,
      handedOverAt: now,
      deadlineAt: now + 1_000,
      timeoutMs: 1_000,
      retryStatuses: [],
      request,
      sealed: null,
      ...origin
    }
    assert.deepStrictEqual(
      [now + 1, now, now - leadMs, now - leadMs - 1].map((at) => isEarly(intent, at)),
      [false, false, false, true]
    )
  })
})

describe("a direct start", { tags: ["ADR-0053.2"] }, () => {
  it.effect("goes past nobody who waits", () =>
    inLoop(1, ({ arm, direct, script }) =>
      Effect.gen(function* () {
        const first = direct(Sample.target())
        yield* arm(Sample.target())
        assert.lengthOf(script.asked, 0, "the only place is taken")
        first?.settle(null)
        assert.isNull(direct(Sample.target()))
        yield* TestClock.adjust(0)
        assert.lengthOf(script.asked, 1, "who waited has it")
      })
    )
  )

  it.effect("is none for a call that waits for its turn already", () =>
    inLoop(2, ({ arm, direct, script }) =>
      Effect.gen(function* () {
        const of = Sample.target()
        const start = direct(of)
        assert.isNull(direct(of), "asked for once")
        yield* arm(of)
        assert.lengthOf(script.asked, 0)
        start?.settle(null)
      })
    )
  )

  const hold = (of: Sample.Target, parts: Partial<Hold>): Hold => ({
    id: "hold",
    tenantId: of.tenantId,
    of: "tenant",
    key: null,
    release: null,
    ...parts
  })

  it.effect("is none for a call that a pause holds or releases, by tenant, target or tag", () => {
    const of = Sample.target()
    const release = { at: now, perSecond: 1 }
    const holds = [
      hold(of, {}),
      hold(of, { of: "tag", key: "red" }),
      hold(of, { of: "target", key: Sample.host }),
      hold(of, { release })
    ]
    return Effect.forEach(holds, (one) => {
      const held = new Holds([one])
      return inLoop(
        1,
        ({ direct }) =>
          Effect.sync(() => {
            assert.isNull(direct(of, { spec: { ...spec, tags: ["red"] } }), JSON.stringify(one))
            assert.isNotNull(direct(Sample.target()), "of another tenant it is")
          }),
        { holds: () => held }
      )
    })
  })
})
