/** Cancel, reschedule and run again: one command each, under the version the caller has seen. */
import { Effect } from "effect"
import { callRefusals } from "./callRefusal.ts"
import { Details } from "./Details.ts"
import { dueTime } from "../requests/dueTime.ts"
import { orDeny } from "../requests/refusal.ts"
import { makeWrites } from "../resources/resourceWrites.ts"
import { stateOf } from "./view.ts"

export const makeCommands = Effect.gen(function* () {
  const details = yield* Details
  const { change } = yield* makeWrites("service-call", {
    refusals: callRefusals,
    present: details.row,
    state: (_tenantId, given) => stateOf(given)
  })
  return {
    cancel: change("cancel", {
      as: "cancel",
      status: (outcome) => (outcome.status === "Cancelled" ? 200 : 202),
      command: ({ at, id }) => ({ _tag: "CancelServiceCall", callId: id, at })
    }),
    run: change("run", {
      as: "run",
      status: () => 202,
      command: ({ at, id }) => ({ _tag: "RerunServiceCall", callId: id, at })
    }),
    reschedule: change("reschedule", {
      as: "reschedule",
      command: ({ at, body, id }) =>
        Effect.map(
          orDeny(dueTime(body, at)),
          (dueAt) => ({ _tag: "RescheduleServiceCall", callId: id, at, dueAt }) as const
        )
    })
  }
})
