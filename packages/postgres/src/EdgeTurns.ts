/**
 * Statements of the edge by turns of tenants: as many at once as its pool has connections, one tenant never on all of them, and what waits
 * is served in a round, so that a tenant's statement waits for one of each other tenant at the most, however many these have waiting.
 */
import type { TenantId } from "@dueline/contracts/Ids"
import { ApiKeys, CourierSources } from "@dueline/contracts/ports/Directories"
import { AuditTrail } from "@dueline/contracts/ports/AuditTrail"
import { CallQueries, OpsQueries } from "@dueline/contracts/ports/Queries"
import { DeadLetterQueries } from "@dueline/contracts/ports/DeadLetters"
import { DeliveryQueries } from "@dueline/contracts/ports/Deliveries"
import { JobItemQueries } from "@dueline/contracts/ports/JobItems"
import { EventSource } from "@dueline/contracts/ports/History"
import { ProductEvents } from "@dueline/contracts/ports/ProductEvents"
import { Sessions } from "@dueline/contracts/ports/Sessions"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { TenantLines } from "@dueline/contracts/TenantShares"
import { Context, Deferred, Effect, Layer } from "effect"

export interface TurnsOptions {
  /** Statements at once: the connections of the pool. */
  readonly connections: number
  /** Of one tenant. */
  readonly perTenant: number
  /** Statements that may wait, and of one tenant as many as there is room left; one more fails at once. */
  readonly waiting: number
}

export const defaultTurnsOptions: TurnsOptions = { connections: 4, perTenant: 3, waiting: 8_192 }

interface Waiting {
  readonly tenantId: TenantId
  readonly turn: Deferred.Deferred<void>
  state: "waiting" | "begun" | "gone"
}

export class Turns {
  readonly #options: TurnsOptions
  readonly #lines: TenantLines<Waiting>
  readonly #held = new Map<TenantId, number>()
  #running = 0

  constructor(options: TurnsOptions) {
    this.#options = options
    this.#lines = new TenantLines(options.waiting)
  }

  /** Runs it when it is the tenant's turn. Given up while it waits, it takes no connection. */
  run<A, E, R>(tenantId: TenantId, statement: Effect.Effect<A, E, R>): Effect.Effect<A, E | StoreUnavailable, R> {
    const leave = Effect.sync(() => this.#leave(tenantId))
    return Effect.uninterruptibleMask((restore) =>
      Effect.suspend((): Effect.Effect<A, E | StoreUnavailable, R> => {
        const use = Effect.ensuring(restore(statement), leave)
        if (this.#running < this.#options.connections && this.#mayGo(tenantId)) {
          this.#begin(tenantId)
          return use
        }
        const one: Waiting = { tenantId, turn: Deferred.makeUnsafe(), state: "waiting" }
        if (!this.#lines.push(tenantId, one)) return Effect.fail(full)
        const giveUp = Effect.sync(() => {
          if (one.state === "begun") this.#leave(tenantId)
          one.state = "gone"
        })
        return Effect.andThen(
          Effect.onInterrupt(restore(Deferred.await(one.turn)), () => giveUp),
          use
        )
      })
    )
  }

  readonly #mayGo = (tenantId: TenantId): boolean => (this.#held.get(tenantId) ?? 0) < this.#options.perTenant

  #begin(tenantId: TenantId): void {
    this.#running += 1
    this.#held.set(tenantId, (this.#held.get(tenantId) ?? 0) + 1)
  }

  #leave(tenantId: TenantId): void {
    this.#running -= 1
    const left = (this.#held.get(tenantId) ?? 0) - 1
    if (left > 0) this.#held.set(tenantId, left)
    else this.#held.delete(tenantId)
    while (this.#running < this.#options.connections) {
      const next = this.#lines.shift(this.#mayGo)
      if (next === undefined) return
      if (next.state === "gone") continue
      next.state = "begun"
      this.#begin(next.tenantId)
      Deferred.doneUnsafe(next.turn, Effect.void)
    }
  }
}

const full = new StoreUnavailable({
  operation: "read",
  cause: new Error("too many of this tenant's reads are waiting")
})

/** Whose requests have no tenant yet wait in one line together, as if they were a tenant's. */
const beforeTenants = "00000000-0000-0000-0000-000000000000" as TenantId

type Ports =
  | CallQueries
  | OpsQueries
  | EventSource
  | CourierSources
  | ApiKeys
  | DeadLetterQueries
  | ProductEvents
  | JobItemQueries
  | DeliveryQueries
  | Sessions
  | AuditTrail

type Asked = TenantId | { readonly tenantId: TenantId }

/** The queries it is given, by turns of tenants over one pool. */
export const layer = (options: TurnsOptions = defaultTurnsOptions): Layer.Layer<Ports, never, Ports> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const turns = new Turns(options)
      const run = <A>(tenantId: TenantId, ask: () => Effect.Effect<A, StoreUnavailable>) =>
        turns.run(tenantId, Effect.suspend(ask))
      const inTurn =
        <Args extends readonly [Asked, ...Array<unknown>], A>(
          ask: (...args: Args) => Effect.Effect<A, StoreUnavailable>
        ) =>
        (...args: Args) =>
          run(typeof args[0] === "string" ? args[0] : args[0].tenantId, () => ask(...args))
      const [calls, ops, events] = [yield* CallQueries, yield* OpsQueries, yield* EventSource]
      const sources = yield* CourierSources
      const keys = yield* ApiKeys
      const letters = yield* DeadLetterQueries
      const products = yield* ProductEvents
      const items = yield* JobItemQueries
      const lines = yield* DeliveryQueries
      const sessions = yield* Sessions
      const trail = yield* AuditTrail
      return Context.empty().pipe(
        Context.add(CallQueries, {
          list: inTurn(calls.list),
          find: inTurn(calls.find),
          findMany: inTurn(calls.findMany),
          flow: (tenantId, key, now) => run(tenantId, () => calls.flow(tenantId, key, now)),
          history: inTurn(calls.history)
        }),
        Context.add(OpsQueries, {
          find: (kind, tenantId, id) => run(tenantId, () => ops.find(kind, tenantId, id)),
          list: (kind, options) => run(options.tenantId, () => ops.list(kind, options)),
          sealed: (kind, tenantId, id) => run(tenantId, () => ops.sealed(kind, tenantId, id)),
          scheduleRequests: (options) => run(options.tenantId, () => ops.scheduleRequests(options)),
          near: inTurn(ops.near),
          holding: inTurn(ops.holding)
        }),
        Context.add(ApiKeys, {
          find: (id) => run(beforeTenants, () => keys.find(id)),
          used: keys.used,
          lastUses: (tenantId, ids) => run(tenantId, () => keys.lastUses(tenantId, ids))
        }),
        Context.add(ProductEvents, {
          append: products.append,
          list: inTurn(products.list),
          correlated: inTurn(products.correlated)
        }),
        Context.add(CourierSources, { find: (id) => run(beforeTenants, () => sources.find(id)) }),
        Context.add(DeadLetterQueries, { list: inTurn(letters.list), find: inTurn(letters.find) }),
        Context.add(AuditTrail, {
          append: trail.append,
          list: inTurn(trail.list),
          stretch: inTurn(trail.stretch)
        }),
        Context.add(JobItemQueries, { list: inTurn(items.list) }),
        Context.add(DeliveryQueries, { waiting: inTurn(lines.waiting), kept: inTurn(lines.kept) }),
        Context.add(Sessions, { ...sessions, find: inTurn(sessions.find), list: inTurn(sessions.list) }),
        Context.add(EventSource, {
          stream: inTurn(events.stream),
          correlated: inTurn(events.correlated),
          makers: inTurn(events.makers)
        })
      )
    })
  )
