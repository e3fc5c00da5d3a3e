/** Builds the handlers of a group so that a request finds no more than it needs. */
import { BearerAuth, RequestChecks } from "@dueline/contracts/api/Access"
import { RateLimit } from "@dueline/contracts/api/RateLimit"
import { Context, Effect, Layer, Scope } from "effect"

type Middlewares = BearerAuth | RequestChecks | RateLimit

/**
 * In a context of its own with the middlewares alone: the framework merges that context into every request's, entry by entry, and the
 * handlers hold their ports already.
 */
export const leanGroup = <A>(group: Layer.Layer<A, never, Middlewares>) =>
  Effect.flatMap(Effect.context<Middlewares | Scope.Scope>(), (middlewares) => {
    const lean = Context.pick(BearerAuth, RequestChecks, RateLimit, Scope.Scope)(middlewares)
    return Layer.build(group).pipe(Effect.updateContext((_: Context.Context<never>) => lean))
  })
