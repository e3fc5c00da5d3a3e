/** What becomes of an attempt that its worker gives back unmade. */
import { assert, describe, it } from "@effect/vitest"
import type { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import { carryHandBackReason, HandBackReason, handBackReasonOf } from "@dueline/contracts/serviceCall/Spec"
import { ServiceCall } from "../src/aggregates/service-call/ServiceCall.ts"
import type { ServiceCallState } from "../src/aggregates/service-call/State.ts"
import { given } from "./given.ts"
import * as Call from "./ServiceCallSample.ts"

const { histories, ms } = Call

describe("an attempt that is handed back", () => {
  const back = Call.handedBack(Call.dueAt + 5_000)
  const again = [...histories.Running, back]

  it("is due again when its worker says, and was not an attempt: the next has its number, under another epoch", () => {
    given(ServiceCall, histories.Running).when(Call.handBack()).then([back])
    given(ServiceCall, again)
      .when(Call.due({ revision: 2, at: ms(Call.dueAt + 5_000) }))
      .then([Call.started(2, 1, ms(Call.dueAt + 5_000))])
  })

  it("is not due again earlier, nor by the alarm it had before", () => {
    given(ServiceCall, again)
      .when(Call.due({ revision: 2, at: ms(Call.dueAt + 4_949) }))
      .then([])
    given(ServiceCall, again)
      .when(Call.due({ at: ms(Call.dueAt + 5_000) }))
      .then([])
  })

  it("before its time is not due before it", { tags: ["ADR-0003.4"] }, () => {
    const [at, past] = [ms(Call.dueAt - 30), ms(Call.dueAt - 60_000)]
    given(ServiceCall, histories.Running)
      .when(Call.handBack({ at, retryAt: past, reason: "draining" }))
      .then([Call.handedBack(Call.dueAt, "draining")])
  })

  it("by a worker that stops is due at once, by an open circuit not within a second", () => {
    const [at, past] = [ms(Call.dueAt + 3), ms(Call.dueAt - 60_000)]
    given(ServiceCall, histories.Running)
      .when(Call.handBack({ at, retryAt: past, reason: "draining" }))
      .then([Call.handedBack(at, "draining")])
    for (const retryAt of [past, ms(at + 999)]) {
      given(ServiceCall, histories.Running)
        .when(Call.handBack({ at, retryAt }))
        .then([Call.handedBack(at + 1_000)])
    }
  })

  it("leaves all attempts of the policy, however often it happens", () => {
    const policy = Call.submitted(Call.spec({ maxAttempts: 1 }))
    const rounds = [1, 2, 3].flatMap((epoch) => [
      Call.started(epoch, 1),
      Call.handedBack(Call.dueAt, "draining", epoch)
    ])
    given(ServiceCall, [policy, ...rounds])
      .when(Call.due({ revision: 4 }))
      .then([Call.started(4, 1)])
    given(ServiceCall, [policy, ...rounds, Call.started(4, 1)])
      .when(Call.failure({ epoch: 4 }))
      .then([Call.failed(4, 1), Call.ended("attempts_exhausted")])
  })

  it("is cancelled when the call was asked to stop, since nothing was sent", () =>
    given(ServiceCall, histories.Cancelling).when(Call.handBack()).then([back, Call.cancelled]))

  it("of an old epoch leaves the present attempt alone", { tags: ["ADR-0012.3"] }, () =>
    given(ServiceCall, [...histories.Waiting, Call.started(2)])
      .when(Call.handBack())
      .then([])
  )

  it("of an old epoch, were it ever stored, would not end the present attempt", () =>
    given(ServiceCall, [...histories.Waiting, Call.started(2), Call.handedBack(Call.dueAt)])
      .when(Call.success({ epoch: 2 }))
      .then([Call.succeeded(2)]))

  it("that is heard of again after the next has started changes nothing", { tags: ["ADR-0012.3"] }, () =>
    given(ServiceCall, [...again, Call.started(2, 1)])
      .when(Call.handBack())
      .then([])
  )
})

const reasonsOfOurOwn = ["no_capacity", "lease_unconfirmed", "name_unanswered", "request_unreadable"] as const
const day = 86_400_000

/** Handed back so many times in a row for one reason. */
const rounds = (reason: (typeof reasonsOfOurOwn)[number], times: number) =>
  Array.from({ length: times }, (_, i) => [Call.started(i + 1, 1), Call.handedBack(Call.dueAt, reason, i + 1)]).flat()

const handBackOf = (reason: HandBackReason, epoch: number, at: number = Call.dueAt) =>
  Call.handBack({ ...carryHandBackReason(reason), epoch, at: ms(at), retryAt: ms(at) })

describe("attempts that are handed back for a reason of our own", { tags: ["ADR-0012.8"] }, () => {
  it("wait a second, then twice as long each time up to a minute, and five where somebody has to bring a key", () => {
    for (const reason of reasonsOfOurOwn) {
      const longest = reason === "request_unreadable" ? 300_000 : 60_000
      for (const [times, pause] of [
        [0, 1_000],
        [1, 2_000],
        [4, 16_000],
        [12, longest]
      ] as const) {
        const epoch = times + 1
        given(ServiceCall, [Call.submitted(), ...rounds(reason, times), Call.started(epoch, 1)])
          .when(handBackOf(reason, epoch))
          .then([Call.handedBack(Call.dueAt + pause, reason, epoch)])
      }
    }
  })

  it("wait a second again after something was sent, or when somebody asked for another time", () => {
    const moved: ServiceCallEvent = { _tag: "ServiceCallRescheduled", dueAt: Call.dueAt }
    const before = [Call.submitted(), ...rounds("no_capacity", 5)]
    const sent = [...before, Call.started(6, 1), Call.failed(6, 1), Call.retryAt(Call.dueAt)]
    for (const [history, epoch] of [
      [[...before, moved], 6],
      [sent, 7]
    ] as const) {
      given(ServiceCall, [...history, Call.started(epoch, 1)])
        .when(handBackOf("no_capacity", epoch))
        .then([Call.handedBack(Call.dueAt + 1_000, "no_capacity", epoch)])
    }
  })

  it("never end the call, however often, but for a name that nobody has answered for in a day", () => {
    const at = Call.dueAt + day
    for (const reason of reasonsOfOurOwn) {
      const back = Call.handedBack(at + 1_000, reason)
      const failed: ServiceCallEvent = { _tag: "ServiceCallFailed", reason: "permanent", lastReason: "dns" }
      given(ServiceCall, histories.Running)
        .when(handBackOf(reason, 1, at))
        .then(reason === "name_unanswered" ? [back, failed] : [back])
      given(ServiceCall, histories.Running)
        .when(handBackOf(reason, 1, at - 1))
        .then([Call.handedBack(at + 999, reason)])
    }
  })

  it("show in words that programs of before 0.2 can read", () => {
    for (const reason of HandBackReason.literals) {
      const event = Call.handedBack(Call.dueAt, reason)
      assert.include(["circuit_open", "draining"], event._tag === "ExecutionHandedBack" ? event.reason : "")
      assert.strictEqual(event._tag === "ExecutionHandedBack" ? handBackReasonOf(event) : "", reason)
    }
  })
})

describe("the due time", { tags: ["ADR-0012.9"] }, () => {
  const after = (events: ReadonlyArray<ServiceCallEvent>): ReadonlyArray<unknown> | null => {
    const state = events.reduce<ServiceCallState>(
      (s, event) => ServiceCall.evolve(s, event, Call.t0),
      ServiceCall.initial
    )
    return state._tag === "NotSubmitted" ? null : [state.dueAt, state.notBefore, state.waitReason]
  }

  it("stays what was asked for; what an attempt waits for stands beside it", () => {
    const later = Call.dueAt + 5_000
    assert.deepStrictEqual(after(histories.Running), [Call.dueAt, null, null])
    assert.deepStrictEqual(after([...histories.Running, Call.handedBack(later)]), [Call.dueAt, later, "circuit_open"])
    assert.deepStrictEqual(after([...histories.Running, Call.handedBack(later, "no_capacity")]), [
      ...[Call.dueAt, later, "no_capacity"]
    ])
    assert.deepStrictEqual(after(histories.Waiting), [Call.dueAt, Call.dueAt + 1_080, "retry"])
    assert.deepStrictEqual(after([...histories.Waiting, Call.started(2)]), [Call.dueAt, Call.dueAt + 1_080, "retry"])
  })

  it("is the only one when a call is moved or run again", () => {
    const at = ms(Call.dueAt + 9_000)
    const moved: ServiceCallEvent = { _tag: "ServiceCallRescheduled", dueAt: at }
    assert.deepStrictEqual(after([...histories.Waiting, moved]), [at, null, null])
    assert.deepStrictEqual(after([...histories.Failed, { _tag: "ServiceCallRerun", dueAt: at }]), [at, null, null])
  })

  it("is asked for again by a move to the time that was asked for while something else is waited for", () => {
    const same = Call.reschedule({ dueAt: Call.dueAt })
    given(ServiceCall, histories.Waiting)
      .when(same)
      .then([{ _tag: "ServiceCallRescheduled", dueAt: Call.dueAt }])
    given(ServiceCall, histories.Scheduled).when(same).then([])
  })
})

describe("an attempt that was taken for lost and of which its worker says that nothing left", {
  tags: ["ADR-0012.8"]
}, () => {
  const gone: ServiceCallEvent = { ...Call.failed(), reason: "worker_lost" } as ReturnType<typeof Call.failed>
  const back = (at: number): ServiceCallEvent =>
    ({ ...Call.handedBack(at, "lease_unconfirmed"), afterLoss: true }) as ReturnType<typeof Call.handedBack>
  const once = [Call.submitted(Call.spec({ maxAttempts: 1 })), Call.started(), gone, Call.ended("attempts_exhausted")]
  const at = Call.dueAt + 30_000

  it("is not counted any more while another is under way, once", () => {
    const second = [Call.submitted(), Call.started(), gone, Call.retryAt(Call.dueAt), Call.started(2)]
    given(ServiceCall, second)
      .when(handBackOf("lease_unconfirmed", 1, at))
      .then([back(at + 1_000)])
    given(ServiceCall, [...second, back(at)])
      .when(handBackOf("lease_unconfirmed", 1, at))
      .then([])
    given(ServiceCall, [...second, back(at)])
      .when(Call.success({ epoch: 2 }))
      .then([Call.succeeded(2, 1)])
  })

  it("is made again when the call had failed for it", () => {
    given(ServiceCall, once)
      .when(handBackOf("lease_unconfirmed", 1, at))
      .then([back(at + 1_000)])
    given(ServiceCall, [...once, back(at + 1_000)])
      .when(Call.due({ at: ms(at + 1_000), revision: 2 }))
      .then([Call.started(2, 1, ms(at + 1_000))])
  })

  it("is history when the call was run again, or has ended otherwise", () => {
    const rerun: ServiceCallEvent = { _tag: "ServiceCallRerun", dueAt: ms(at) }
    for (const history of [
      [...once, rerun],
      [...once, rerun, Call.started(2, 1)],
      [Call.submitted(), Call.started(), gone, Call.retryAt(Call.dueAt), Call.started(2), Call.succeeded(2)],
      [Call.submitted(), Call.started(), Call.cancelAsked, gone, Call.cancelled]
    ]) {
      given(ServiceCall, history)
        .when(handBackOf("lease_unconfirmed", 1, at))
        .then([])
    }
  })
})
