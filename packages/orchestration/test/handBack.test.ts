/** What becomes of an attempt that its worker gives back unmade. */
import { describe, it } from "@effect/vitest"
import { ServiceCall } from "../src/service-call/ServiceCall.ts"
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
      .when(Call.due({ revision: 2, at: ms(Call.dueAt + 4_999) }))
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
