/** The operations on service calls, joined to the API definition. */
import { BearerAuth, RequestChecks } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import { Context, Effect, Layer, Scope } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { makeCommands } from "./commands.ts"
import { makeReads } from "./reads.ts"
import { makeSubmit } from "./submit.ts"

/**
 * Bodies are read raw: the limits on depth, length and characters come before any schema.
 *
 * The group is built in a context of its own with the two middlewares alone: the framework merges that context into every request's,
 * entry by entry, and the handlers hold their ports already.
 */
export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const submit = yield* makeSubmit
    const { cancel, reschedule, run } = yield* makeCommands
    const { events, get, list } = yield* makeReads
    const group = HttpApiBuilder.group(Api, "serviceCalls", (handlers) =>
      handlers
        .handleRaw("submit", submit)
        .handle("list", list)
        .handle("get", get)
        .handle("events", events)
        .handle("cancel", cancel)
        .handleRaw("reschedule", reschedule)
        .handle("run", run)
    )
    const middlewares = yield* Effect.context<BearerAuth | RequestChecks | Scope.Scope>()
    const lean = Context.pick(BearerAuth, RequestChecks, Scope.Scope)(middlewares)
    return yield* Layer.build(group).pipe(Effect.updateContext((_: Context.Context<never>) => lean))
  })
)
