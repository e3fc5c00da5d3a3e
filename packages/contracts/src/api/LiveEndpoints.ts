/** The changes of a tenant's calls as they happen. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiSchema } from "effect/http-api"
import { RequiredScope } from "./Access.ts"
import { callExamples } from "./callExamples.ts"
import { described } from "./conventions.ts"
import { problems } from "./ProblemError.ts"
import { ServiceCallSummary } from "./ServiceCallView.ts"

export const CallChanges = Schema.Struct({
  sequence: Schema.Int.annotate({
    description:
      "One more with every change that is told, from where this stream begins. A step of more than one, and an `omitted` above 0: something was left out"
  }),
  calls: Schema.Array(ServiceCallSummary).annotate({
    description: "Each call once, as it is now; none, every 15 seconds, to say that the stream is there"
  }),
  omitted: Schema.Int.annotate({ description: "Further changes, of calls that are not among these" })
}).annotate({ identifier: "CallChanges" })
export type CallChanges = typeof CallChanges.Type

export const live = HttpApiEndpoint.get("live", "/live", {
  success: HttpApiSchema.StreamSse({ data: CallChanges }),
  error: problems.Unavailable
})
  .annotate(RequiredScope, "ops:calls.read")
  .annotateMerge(
    described(
      "The changes of service calls as they happen",
      "Server-sent events, at most four a second: the calls that changed, at most 200 at once, as they are. The first comes at once and has no " +
        "calls. It cannot be resumed: after a new connection, and where something was left out, read the list again. It ends when the process " +
        "stops, and after ten minutes, so that the token is looked at again: connect anew.",
      callExamples.live
    )
  )
