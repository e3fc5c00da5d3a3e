/** What a service call answers to whom: the whole table, then the sentences that the table cannot say. */
import { assert, describe, it } from "@effect/vitest"
import {
  IllegalTransition,
  RequestNotKept,
  ServiceCallAlreadyDispatched,
  type ServiceCallCommand,
  ServiceCallIdTaken,
  ServiceCallNotFound
} from "@dueline/contracts/serviceCall/Command"
import { Result } from "effect"
import { ServiceCall } from "../src/aggregates/service-call/ServiceCall.ts"
import { given } from "./given.ts"
import * as Call from "./ServiceCallSample.ts"

const { histories, ms } = Call
type State = keyof typeof histories

const commands = {
  submit: Call.submit(),
  submitOther: Call.submit({ fingerprint: "f2" }),
  reschedule: Call.reschedule(),
  cancel: Call.cancel(),
  rerun: Call.rerun(),
  due: Call.due(),
  success: Call.success(),
  failure: Call.failure(),
  permanent: Call.failure({ retryable: false }),
  lost: Call.lost(),
  handBack: Call.handBack(),
  cancelUnlessRunning: Call.cancel({ unlessRunning: true })
} satisfies Record<string, ServiceCallCommand>

const none = ""
const notFound = "ServiceCallNotFound"
const sent = "ServiceCallAlreadyDispatched"
const illegal = "IllegalTransition"
const taken = "ServiceCallIdTaken"
const known = { submit: none, submitOther: taken, handBack: none }
const late = {
  success: "ExecutionSuperseded",
  failure: "ExecutionSuperseded",
  permanent: "ExecutionSuperseded",
  lost: none
}
const onTheWire = {
  ...known,
  reschedule: sent,
  rerun: illegal,
  due: none,
  success: "ExecutionSucceeded"
}

/** Events by name, a rejection by its tag, nothing for a success that changes nothing. */
const table: Record<State, Record<keyof typeof commands, string>> = {
  NotSubmitted: {
    submit: "ServiceCallSubmitted",
    submitOther: "ServiceCallSubmitted",
    reschedule: notFound,
    cancel: notFound,
    rerun: notFound,
    due: notFound,
    success: notFound,
    failure: notFound,
    permanent: notFound,
    lost: notFound,
    handBack: notFound,
    cancelUnlessRunning: notFound
  },
  Scheduled: {
    ...known,
    ...late,
    reschedule: "ServiceCallRescheduled",
    cancel: "ServiceCallCancelled",
    cancelUnlessRunning: "ServiceCallCancelled",
    rerun: illegal,
    due: "ExecutionStarted"
  },
  Running: {
    ...onTheWire,
    cancel: "CancellationRequested",
    failure: "ExecutionFailed RetryScheduled",
    permanent: "ExecutionFailed ServiceCallFailed",
    lost: "ExecutionFailed RetryScheduled",
    handBack: "ExecutionHandedBack",
    cancelUnlessRunning: sent
  },
  Cancelling: {
    ...onTheWire,
    cancel: none,
    failure: "ExecutionFailed ServiceCallCancelled",
    permanent: "ExecutionFailed ServiceCallCancelled",
    lost: "ExecutionFailed ServiceCallCancelled",
    handBack: "ExecutionHandedBack ServiceCallCancelled",
    cancelUnlessRunning: none
  },
  // The alarm in `due` names revision 1, which is history by now; the failure is the one that is known already.
  Waiting: {
    ...known,
    reschedule: "ServiceCallRescheduled",
    cancel: "ServiceCallCancelled",
    cancelUnlessRunning: "ServiceCallCancelled",
    rerun: illegal,
    due: none,
    success: "ExecutionSuperseded",
    failure: none,
    permanent: none,
    lost: none
  },
  Succeeded: {
    ...known,
    reschedule: sent,
    cancel: sent,
    cancelUnlessRunning: sent,
    rerun: illegal,
    due: none,
    success: none,
    failure: "ExecutionSuperseded",
    permanent: "ExecutionSuperseded",
    lost: none
  },
  Failed: {
    ...known,
    reschedule: sent,
    cancel: sent,
    cancelUnlessRunning: sent,
    rerun: "ServiceCallRerun",
    due: none,
    success: "ExecutionSuperseded",
    failure: none,
    permanent: none,
    lost: none
  },
  Cancelled: {
    ...known,
    ...late,
    reschedule: illegal,
    cancel: none,
    cancelUnlessRunning: none,
    rerun: illegal,
    due: none
  }
}

const told = (state: State, command: ServiceCallCommand): string => {
  const history = histories[state]
  const before = history.reduce((s, event) => ServiceCall.evolve(s, event, Call.t0), ServiceCall.initial)
  const decision = ServiceCall.decide(command, before)
  return Result.isSuccess(decision) ? decision.success.map(({ _tag }) => _tag).join(" ") : decision.failure._tag
}

describe("every state and every command", () => {
  for (const [state, row] of Object.entries(table) as ReadonlyArray<[State, Record<keyof typeof commands, string>]>) {
    it(`${state} answers every command as the table says`, () => {
      const answers = Object.fromEntries(
        Object.entries(commands).map(([name, command]) => [name, told(state, command)])
      )
      assert.deepStrictEqual(answers, row)
    })
  }
})

describe("due", () => {
  it("starts the next attempt under the next epoch, with a deadline behind its time-out", () =>
    given(ServiceCall, histories.Waiting)
      .when(Call.due({ revision: 2, at: ms(Call.dueAt + 1_080) }))
      .then([Call.started(2, 2, ms(Call.dueAt + 1_080))]))

  it("hands a call over up to 50 ms before it is due, at the moment it is asked, and changes nothing earlier", {
    tags: ["ADR-0012.1", "ADR-0012.2", "ADR-0003.4"]
  }, () => {
    given(ServiceCall, histories.Scheduled)
      .when(Call.due({ at: ms(Call.dueAt - 50) }))
      .then([Call.started(1, 1, ms(Call.dueAt - 50))])
    given(ServiceCall, histories.Scheduled)
      .when(Call.due({ at: ms(Call.dueAt - 51) }))
      .then([])
  })

  it("changes nothing for an alarm of an older or an unknown scheduling", { tags: ["ADR-0012.1"] }, () => {
    const moved = [Call.submitted(), { _tag: "ServiceCallRescheduled" as const, dueAt: Call.dueAt }]
    given(ServiceCall, moved)
      .when(Call.due({ revision: 1 }))
      .then([])
    given(ServiceCall, moved)
      .when(Call.due({ revision: 3 }))
      .then([])
  })

  it("counts attempts of a new run from one and epochs from where they were", () => {
    const rerun = [...histories.Failed, { _tag: "ServiceCallRerun" as const, dueAt: Call.dueAt }]
    given(ServiceCall, rerun)
      .when(Call.due({ revision: 2 }))
      .then([Call.started(2, 1)])
  })
})

describe("an attempt that failed", () => {
  it("is followed by another when the policy's delay is over", () =>
    given(ServiceCall, histories.Running)
      .when(Call.failure())
      .then([Call.failed(), Call.retryAt(Call.dueAt + 1_080)]))

  it("is followed by another no sooner than Retry-After asks", () =>
    given(ServiceCall, histories.Running)
      .when(Call.failure({ retryAfterMs: 30_000 }))
      .then([Call.failed(), Call.retryAt(Call.dueAt + 30_080)]))

  it("is followed by another at once when it was only the worker that was lost", { tags: ["ADR-0012.4"] }, () => {
    const outcome = [Call.failed(), Call.retryAt(Call.dueAt + 20_000)]
    const [first, second] = outcome
    if (first?._tag !== "ExecutionFailed" || second === undefined) throw new Error("the sample is broken")
    given(ServiceCall, histories.Running)
      .when(Call.lost())
      .then([{ ...first, reason: "worker_lost", detail: "gone", status: null, durationMs: 0 }, second])
  })

  it("is not followed by another before its time when its worker was lost before that", {
    tags: ["ADR-0003.4"]
  }, () => {
    const early = { ...Call.lost(), at: ms(Call.dueAt - 30) }
    const [failed] = [Call.failed()]
    given(ServiceCall, histories.Running)
      .when(early)
      .then([
        { ...failed, reason: "worker_lost", detail: "gone", status: null, durationMs: 0 } as typeof failed,
        Call.retryAt(Call.dueAt)
      ])
  })

  it("is the last one when the policy allows no more", () => {
    const history = [Call.submitted(Call.spec({ maxAttempts: 1 })), Call.started()]
    given(ServiceCall, history)
      .when(Call.failure())
      .then([Call.failed(), Call.ended("attempts_exhausted")])
  })

  it("is the last one when it was permanent", () =>
    given(ServiceCall, histories.Running)
      .when(Call.failure({ retryable: false }))
      .then([Call.failed(), Call.ended("permanent")]))

  it("is the last one when the call was asked to stop, which is then cancelled", { tags: ["ADR-0012.10"] }, () =>
    given(ServiceCall, histories.Cancelling).when(Call.failure()).then([Call.failed(), Call.cancelled])
  )

  it("tells when its request left", () => {
    const sentAt = ms(Call.dueAt + 7)
    given(ServiceCall, histories.Running)
      .when(Call.failure({ sentAt }))
      .then([{ ...Call.failed(), sentAt } as ReturnType<typeof Call.failed>, Call.retryAt(Call.dueAt + 1_080)])
    given(ServiceCall, histories.Running)
      .when(Call.success({ sentAt }))
      .then([{ ...Call.succeeded(), sentAt } as ReturnType<typeof Call.succeeded>])
  })
})

describe("a result that is late", () => {
  const secondRuns = [...histories.Waiting, Call.started(2)]

  it("of an old epoch is recorded beside the present attempt, and a second time it is not", {
    tags: ["ADR-0012.3"]
  }, () => {
    given(ServiceCall, secondRuns)
      .when(Call.success({ epoch: 1 }))
      .then([Call.superseded(1, 2, "succeeded")])
    given(ServiceCall, [...secondRuns, Call.superseded(1, 2, "succeeded")])
      .when(Call.success({ epoch: 1 }))
      .then([])
  })

  it("of an attempt whose worker was taken for dead is recorded, though that attempt has failed already", {
    tags: ["ADR-0012.3"]
  }, () => {
    const gone = { ...Call.failed(), reason: "worker_lost" as const }
    if (gone._tag !== "ExecutionFailed") throw new Error("the sample is broken")
    given(ServiceCall, [Call.submitted(), Call.started(), gone, Call.retryAt(Call.dueAt)])
      .when(Call.failure())
      .then([Call.superseded(1, 1, "failed")])
  })

  it("a watchdog that comes late has nothing to tell", { tags: ["ADR-0012.4"] }, () =>
    given(ServiceCall, secondRuns).when(Call.lost(1)).then([])
  )
})

describe("refusals say what stands in the way", () => {
  const { callId } = Call

  it("names the attempt that was handed over, and for whoever decides also its worker", () => {
    const rejection = new ServiceCallAlreadyDispatched({
      callId,
      status: "Running",
      attempt: 1,
      held: { worker: Call.worker, epoch: 1 }
    })
    given(ServiceCall, histories.Running).when(Call.reschedule()).thenRejected(rejection)
  })

  it("names the states that would do", () => {
    const rejection = new IllegalTransition({ callId, status: "Succeeded", allowed: ["Failed"] })
    given(ServiceCall, histories.Succeeded).when(Call.rerun()).thenRejected(rejection)
  })

  it("names the call that is not there, or is another's", () => {
    given(ServiceCall, []).when(Call.cancel()).thenRejected(new ServiceCallNotFound({ callId }))
    given(ServiceCall, histories.Scheduled)
      .when(Call.submit({ fingerprint: "f2" }))
      .thenRejected(new ServiceCallIdTaken({ callId }))
  })

  it("moving a call to where it is changes nothing", () =>
    given(ServiceCall, histories.Scheduled)
      .when(Call.reschedule({ dueAt: Call.dueAt }))
      .then([]))
})

describe("a call whose tenant keeps no request of calls that fail", () => {
  const spec = { ...Call.spec(), failedRequest: "drop" } as const
  const after = (...asked: ReadonlyArray<ServiceCallCommand>) =>
    [Call.submit({ spec }), ...asked].reduce(
      ({ sealed, state }, command) => {
        const events = Result.getOrThrow(ServiceCall.decide(command, state))
        const next = events.reduce((before, event) => ServiceCall.evolve(before, event, command.at), state)
        return { state: next, sealed: ServiceCall.attachment(command, sealed, next) }
      },
      { state: ServiceCall.initial, sealed: null as string | null }
    )

  it("keeps its request for the next attempt, and loses it with its end", { tags: ["ADR-0012.13"] }, () => {
    assert.strictEqual(after(Call.due(), Call.failure()).sealed, "sealed")
    const { sealed, state } = after(Call.due(), Call.failure({ retryable: false }))
    assert.deepStrictEqual([state._tag, sealed], ["Failed", null])
  })

  it("is not run again, and is not brought back by a worker that was thought lost", { tags: ["ADR-0012.13"] }, () => {
    const { state } = after(Call.due(), Call.failure({ retryable: false }))
    assert.deepStrictEqual(
      ServiceCall.decide(Call.rerun(), state),
      Result.fail(new RequestNotKept({ callId: Call.callId }))
    )
    const once = { ...Call.spec({ maxAttempts: 1 }), failedRequest: "drop" } as const
    const lost = [Call.submit({ spec: once }), Call.due(), Call.lost()].reduce(
      (before, command) =>
        Result.getOrThrow(ServiceCall.decide(command, before)).reduce(
          (state, event) => ServiceCall.evolve(state, event, command.at),
          before
        ),
      ServiceCall.initial
    )
    assert.strictEqual(lost._tag, "Failed")
    assert.deepStrictEqual(ServiceCall.decide(Call.handBack(), lost), Result.succeed([]))
    // What came of the attempt is recorded, as of every call that has ended; the end stays.
    const late = Result.getOrThrow(ServiceCall.decide(Call.success(), lost))
    assert.deepStrictEqual(
      late.map(({ _tag }) => _tag),
      ["ExecutionSuperseded"]
    )
    const told = late.reduce((state, event) => ServiceCall.evolve(state, event, Call.dueAt), lost)
    assert.deepInclude(told, { _tag: "Failed", reason: "attempts_exhausted", lastReason: "worker_lost", attempt: 1 })
  })
})
