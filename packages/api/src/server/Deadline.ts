/**
 * One deadline per request: however many questions it puts to the store, and whatever each of them is held up by, the asker hears
 * something before clients usually give up (30 s).
 *
 * The time runs from the request's first question, on the monotonic clock. A question that is not answered by then is given up: it is
 * told so, but its answer is not waited for, since a driver that cancels a statement on a dead connection waits again. A command that
 * was given up may still happen.
 */
import { ApiKeys, CourierSources, TenantDirectory } from "@dueline/contracts/ports/Directories"
import { ShortLivedSet } from "@dueline/contracts/ShortLived"
import { AuditTrail } from "@dueline/contracts/ports/AuditTrail"
import { CallQueries, OpsQueries } from "@dueline/contracts/ports/Queries"
import { DeadLetterQueries } from "@dueline/contracts/ports/DeadLetters"
import { DeliveryQueries } from "@dueline/contracts/ports/Deliveries"
import { EventSource, TimeTravel } from "@dueline/contracts/ports/History"
import { JobItemQueries } from "@dueline/contracts/ports/JobItems"
import { Overviews } from "@dueline/contracts/ports/Overviews"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { RedactionRules, RetentionRules } from "@dueline/contracts/ports/TenantRules"
import { Sessions } from "@dueline/contracts/ports/Sessions"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { ProductEvents } from "@dueline/contracts/ports/ProductEvents"
import { Clock, Context, Effect, Exit, type Fiber, Layer } from "effect"
import { HttpServerRequest } from "effect/http"

/** How long a request may wait for the store in all, in milliseconds. */
export const defaultDeadlineMs = 15_000

/** How often overdue questions are looked for, in milliseconds: one timer for all of them costs less than one each. */
const tickMs = 250

interface Question {
  readonly until: number
  readonly giveUp: () => void
}

/** The deadline of a request that has put a question, in nanoseconds of the monotonic clock: kept with the request, and gone with it. */
const deadline = Symbol("deadline")
interface Timed {
  [deadline]?: number | undefined
}

type Settle<A, E> = (exit: Exit.Exit<A, E>) => void

export class Patience extends Context.Service<
  Patience,
  {
    /**
     * Fails with `StoreUnavailable` at the deadline of the request that the fiber serves, or of `asking`, on whose behalf it asks. Outside of a
     * request nothing is bounded.
     */
    readonly within: (
      operation: string,
      asking?: object
    ) => <A, E>(question: Effect.Effect<A, E>) => Effect.Effect<A, E | StoreUnavailable>
    /**
     * The same for a question with a callback, asked on behalf of a request: it is settled once, with its own answer or at the deadline,
     * maybe on this stack. What comes after the deadline is dropped.
     */
    readonly bound: <A, E>(
      request: object,
      operation: string,
      ask: (settle: Settle<A, E>) => void,
      settle: Settle<A, E | StoreUnavailable>
    ) => void
    /** For a request that has waited because it was asked to: its time begins anew with the next question. */
    readonly renew: (request: object) => void
  }
>()("@dueline/api/Patience") {}

const nanos = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe())

const make = (deadlineMs: number, context: Context.Context<never>): Patience["Service"] => {
  const open = new ShortLivedSet<Question>()
  const clock = Context.get(context, Clock.Clock)
  let watching = false

  const lookAfter = (clock: Clock.Clock): Effect.Effect<void> =>
    Effect.gen(function* () {
      while (open.size > 0) {
        yield* Effect.sleep(tickMs)
        const now = nanos(clock)
        for (const question of open) if (now >= question.until) question.giveUp()
      }
      watching = false
    })

  const watch = (question: Question, clock: Clock.Clock, context: Context.Context<never>): void => {
    open.add(question)
    if (watching) return
    watching = true
    Effect.runForkWith(context)(lookAfter(clock))
  }

  const untilOf = (request: object, now: number): number =>
    ((request as Timed)[deadline] ??= now + deadlineMs * 1_000_000)

  const overdue = (operation: string) =>
    new StoreUnavailable({ operation, cause: new Error(`no answer within the ${deadlineMs} ms of a request`) })

  const within =
    (operation: string, asking?: object) =>
    <A, E>(question: Effect.Effect<A, E>): Effect.Effect<A, E | StoreUnavailable> =>
      Effect.withFiber((fiber) => {
        const request = asking ?? Context.getOrUndefined(fiber.context, HttpServerRequest.HttpServerRequest)
        if (request === undefined) return question
        const clock = fiber.getRef(Clock.Clock)
        const now = nanos(clock)
        const until = untilOf(request, now)
        if (now >= until) return Effect.fail(overdue(operation))
        const asked: Fiber.Fiber<A, E> = Effect.runForkWith(fiber.context)(question)
        const known = asked.pollUnsafe()
        if (known !== undefined) return known
        return Effect.callback<A, E | StoreUnavailable>((resume) => {
          const entry: Question = {
            until,
            giveUp: () => {
              open.delete(entry)
              resume(Exit.fail(overdue(operation)))
              asked.interruptUnsafe()
            }
          }
          watch(entry, clock, fiber.context)
          asked.addObserver((exit) => {
            if (open.delete(entry)) resume(exit)
          })
          return Effect.sync(() => {
            open.delete(entry)
            asked.interruptUnsafe()
          })
        })
      })

  return Patience.of({
    within,
    bound: (request, operation, ask, settle) => {
      const now = nanos(clock)
      const until = untilOf(request, now)
      if (now >= until) {
        settle(Exit.fail(overdue(operation)))
        return
      }
      const entry: Question = {
        until,
        giveUp: () => {
          open.delete(entry)
          settle(Exit.fail(overdue(operation)))
        }
      }
      watch(entry, clock, context)
      ask((exit) => {
        if (open.delete(entry)) settle(exit)
      })
    },
    renew: (request) => {
      ;(request as Timed)[deadline] = undefined
    }
  })
}

export const layer = (deadlineMs: number = defaultDeadlineMs): Layer.Layer<Patience> =>
  Layer.effect(
    Patience,
    Effect.map(Effect.context<never>(), (context) => make(deadlineMs, context))
  )

/** The ports by which a request reaches the store, each question of which ends at the request's deadline. `offer` belongs to no request: its caller keeps the time. */
export const layerPorts = Layer.effectContext(
  Effect.gen(function* () {
    const { within } = yield* Patience
    const orchestrator = yield* Orchestrator
    const calls = yield* CallQueries
    const ops = yield* OpsQueries
    const past = yield* TimeTravel
    const events = yield* EventSource
    const tenants = yield* TenantDirectory
    const sources = yield* CourierSources
    const keys = yield* ApiKeys
    const letters = yield* DeadLetterQueries
    const products = yield* ProductEvents
    const items = yield* JobItemQueries
    const lines = yield* DeliveryQueries
    const trail = yield* AuditTrail
    const sessions = yield* Sessions
    const overviews = yield* Overviews
    const rules = yield* RetentionRules
    const redactions = yield* RedactionRules
    const ask = within("ask")
    const read = within("read")
    return Context.empty().pipe(
      Context.add(
        Orchestrator,
        Orchestrator.of({ ...orchestrator, ask: (envelope) => ask(orchestrator.ask(envelope)) })
      ),
      Context.add(TenantDirectory, {
        exists: (tenantId) => read(tenants.exists(tenantId)),
        find: (tenantId) => read(tenants.find(tenantId)),
        suspended: read(tenants.suspended),
        list: (options) => read(tenants.list(options))
      }),
      Context.add(ApiKeys, {
        find: (id) => read(keys.find(id)),
        used: keys.used,
        lastUses: (tenantId, ids) => read(keys.lastUses(tenantId, ids))
      }),
      Context.add(ProductEvents, {
        append: (by, events) => ask(products.append(by, events)),
        list: (query) => read(products.list(query)),
        correlated: (options) => read(products.correlated(options))
      }),
      Context.add(EventSource, {
        stream: (options) => read(events.stream(options)),
        correlated: (options) => read(events.correlated(options)),
        makers: (tenantId, ids) => read(events.makers(tenantId, ids))
      }),
      Context.add(CourierSources, { find: (id) => read(sources.find(id)) }),
      Context.add(Sessions, {
        make: (session, secret, codeUntil) => ask(sessions.make(session, secret, codeUntil)),
        find: (key, secret) => read(sessions.find(key, secret)),
        exchange: (exchange) => ask(sessions.exchange(exchange)),
        end: (key, by, at) => ask(sessions.end(key, by, at)),
        used: sessions.used,
        list: (options) => read(sessions.list(options))
      }),
      Context.add(AuditTrail, {
        append: trail.append,
        list: (query) => read(trail.list(query)),
        stretch: (query) => read(trail.stretch(query))
      }),
      Context.add(DeliveryQueries, {
        waiting: (of) => read(lines.waiting(of)),
        kept: (options) => read(lines.kept(options))
      }),
      Context.add(JobItemQueries, { list: (options) => read(items.list(options)) }),
      Context.add(DeadLetterQueries, {
        list: (options) => read(letters.list(options)),
        find: (tenantId, id) => read(letters.find(tenantId, id))
      }),
      Context.add(RedactionRules, {
        of: (tenantId) => read(redactions.of(tenantId)),
        changed: redactions.changed,
        set: (change) => ask(redactions.set(change))
      }),
      Context.add(RetentionRules, {
        of: (tenantId) => read(rules.of(tenantId)),
        set: (change) => ask(rules.set(change)),
        outlived: (tenantId, before) => read(rules.outlived(tenantId, before))
      }),
      Context.add(Overviews, {
        ...overviews,
        of: (tenantId, now) => read(overviews.of(tenantId, now)),
        behind: read(overviews.behind)
      }),
      Context.add(CallQueries, {
        list: (options) => read(calls.list(options)),
        find: (tenantId, callId) => read(calls.find(tenantId, callId)),
        findMany: (tenantId, callIds) => read(calls.findMany(tenantId, callIds)),
        flow: (tenantId, key, now) => read(calls.flow(tenantId, key, now)),
        history: (options) => read(calls.history(options))
      }),
      Context.add(OpsQueries, {
        find: (kind, tenantId, id) => read(ops.find(kind, tenantId, id)),
        list: (kind, options) => read(ops.list(kind, options)),
        sealed: (kind, tenantId, id) => read(ops.sealed(kind, tenantId, id)),
        scheduleRequests: (options) => read(ops.scheduleRequests(options)),
        near: (options) => read(ops.near(options)),
        holding: (options) => read(ops.holding(options))
      }),
      Context.add(TimeTravel, {
        at: (options) => read(past.at(options)),
        timeline: (options) => read(past.timeline(options))
      })
    )
  })
)
