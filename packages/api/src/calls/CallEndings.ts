/** Lets a request wait for the end of a call without asking the database over and over. */
import { ShortLivedMap } from "@dueline/contracts/ShortLived"
import type { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { Places } from "@dueline/contracts/TenantShares"
import { EventBus, listenLoosely } from "@dueline/contracts/ports/EventBus"
import { ServiceCallTopic } from "@dueline/contracts/serviceCall/Topic"
import { Context, Deferred, Effect, Layer, type Scope } from "effect"
import { randomCorrelationId } from "@dueline/identity/randomId"

/** Requests that may wait at once, and of one tenant as many as there is room left. */
const maxWaiters = 10_000

export class CallEndings extends Context.Service<
  CallEndings,
  {
    /**
     * Done when the bus tells of the call's end. Ask for it before the call is submitted, so that a quick end is not missed; null
     * when too many of the tenant are waiting already. The bus may be late: whoever waits sets a limit and reads the row afterwards.
     */
    readonly of: (
      tenantId: TenantId,
      callId: ServiceCallId
    ) => Effect.Effect<Effect.Effect<void> | null, never, Scope.Scope>
  }
>()("@dueline/api/CallEndings") {}

export const layer: Layer.Layer<CallEndings, never, EventBus> = Layer.effect(
  CallEndings,
  Effect.gen(function* () {
    const bus = yield* EventBus
    const waiters = new ShortLivedMap<string, Set<Deferred.Deferred<void>>>()
    const places = new Places(maxWaiters)
    const group = `edge-${yield* randomCorrelationId}`

    // Every end of a call comes by here, and mostly nobody waits for it.
    yield* listenLoosely(bus, group, ServiceCallTopic.literals, ({ streamId, tenantId }) => {
      const waiting = waiters.get(`${tenantId}/${streamId}`)
      return waiting === undefined
        ? null
        : Effect.forEach(waiting, (waiter) => Deferred.succeed(waiter, undefined), { discard: true })
    })

    const register = (key: string) =>
      Effect.sync(() => {
        const waiter = Deferred.makeUnsafe<void>()
        const others = waiters.get(key)
        if (others === undefined) waiters.set(key, new Set([waiter]))
        else others.add(waiter)
        return waiter
      })
    const forget = (key: string, waiter: Deferred.Deferred<void>, leave: () => void) =>
      Effect.sync(() => {
        const others = waiters.get(key)
        others?.delete(waiter)
        if (others?.size === 0) waiters.delete(key)
        leave()
      })

    return CallEndings.of({
      of: (tenantId, callId) =>
        Effect.suspend(() => {
          const leave = places.enter(tenantId)
          if (leave === null) return Effect.succeed(null)
          const key = `${tenantId}/${callId}`
          return Effect.map(
            Effect.acquireRelease(register(key), (waiter) => forget(key, waiter, leave)),
            (waiter): Effect.Effect<void> => Deferred.await(waiter)
          )
        })
    })
  })
)
