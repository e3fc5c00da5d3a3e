/** Facts on their way to whoever cares: at least once, in order per tenant, filterable by tenant and topic. */
import { Context, Effect, Exit, FiberSet, Schedule, Schema, Scope } from "effect"
import type { StreamId, TenantId } from "../Ids.ts"

export interface BusMessage {
  /** Consumers recognise a repeat by it. */
  readonly eventId: string
  readonly tenantId: TenantId
  readonly streamId: StreamId
  readonly topic: string
  readonly payload: unknown
  /**
   * A dead letter of `group` that is brought once more, for the `replay`th time: to this group alone, the others have had it. To every group
   * when it is empty, since the message never reached the bus. Not taken for a repeat of the message itself.
   */
  readonly redelivery?: { readonly group: string; readonly replay: number }
  /** W3C trace context of what published it, where that is to be seen. */
  readonly traceparent?: string
}

/** Whether a message is meant for this group. */
export const isFor = ({ redelivery }: BusMessage, group: string): boolean =>
  redelivery === undefined || redelivery.group === "" || redelivery.group === group

/** What a bus recognises a repeat by. */
export const publicationId = ({ eventId, redelivery, tenantId }: BusMessage): string =>
  redelivery === undefined
    ? `${tenantId}/${eventId}`
    : `${tenantId}/${eventId}/${redelivery.replay}/${redelivery.group}`

/** What is told of a message that has no place on the bus, since nobody takes it. */
export type Mention = Pick<BusMessage, "tenantId" | "streamId" | "topic">

/** Of a bus between processes, which some messages need not go by. */
export interface SparedMessages {
  /** Whether somebody takes this topic, as far as is known; true in doubt, and of every topic whose messages all go by the bus. */
  readonly isHeard: (topic: string) => boolean
  /** Tells all processes of a message that was committed and does not go by the bus. May get lost. Must not throw. */
  readonly tell: (mention: Mention) => void
  /** Called synchronously with what any process tells; must not throw. */
  readonly overhear: (
    topics: ReadonlyArray<string>,
    heard: (mention: Mention) => void
  ) => Effect.Effect<void, never, Scope.Scope>
}

export interface Delivery extends BusMessage {
  /** 1 the first time. */
  readonly attempt: number
}

/**
 * What a consumer makes of a delivery. Acknowledging is never in its hands. `Retry`: it may be the message, which is given up after a few
 * attempts. `Wait`: it is not, nothing can be done at the moment; the message comes again, however often, as the same attempt.
 */
export type Verdict =
  | { readonly _tag: "Ack" }
  | { readonly _tag: "Retry"; readonly reason: string }
  | { readonly _tag: "Wait"; readonly reason: string }
  | { readonly _tag: "Dead"; readonly reason: string }

export const ack: Verdict = { _tag: "Ack" }
export const dead = (reason: string): Verdict => ({ _tag: "Dead", reason })
export const retry = (reason: string): Verdict => ({ _tag: "Retry", reason })

export class BusUnavailable extends Schema.TaggedError<BusUnavailable>()("BusUnavailable", {
  cause: Schema.Defect(),
  /**
   * `bus`: it takes nothing at the moment, whatever it is; no message is to blame. `message`: it refused this one, too large for it for
   * instance, and may well take others.
   */
  scope: Schema.Literals(["bus", "message"]).pipe(Schema.withConstructorDefault(Effect.succeed("bus" as const)))
}) {}

export class EventBus extends Context.Service<
  EventBus,
  {
    /**
     * Done when every consumer's group has taken the message to its end, or when the bus holds it durably for them. A message whose
     * `eventId` the bus has seen lately is not delivered again.
     */
    readonly publish: (message: BusMessage) => Effect.Effect<void, BusUnavailable>
    /**
     * Runs `handler` for matching messages, one at a time per tenant, until the scope closes. `topics` empty means all. A durable bus
     * keeps a group's place while nobody is in it, unless the group is `transient`: it hears what is published while somebody is in it,
     * and is forgotten afterwards. `overhears`: for it alone a message need not go by the bus, since it is told of those that do not.
     */
    readonly consume: (
      options: {
        readonly group: string
        readonly topics: ReadonlyArray<string>
        readonly tenantId?: TenantId
        readonly transient?: boolean
        readonly overhears?: boolean
      },
      handler: (delivery: Delivery) => Effect.Effect<Verdict>
    ) => Effect.Effect<void, BusUnavailable, Scope.Scope>
    /** Whether a group that takes this topic was ever there. Left out by a bus that keeps messages for whoever comes later. */
    readonly isHeard?: (topic: string) => boolean
    /**
     * For a listener in the process of the bus: told, as it is published, of each message on these topics, or as it is committed where nobody
     * takes it; called synchronously, must not throw. It is no group, so for it alone a message need not be kept. Left out by a bus between processes.
     */
    readonly overhear?: (
      topics: ReadonlyArray<string>,
      heard: (message: BusMessage) => void
    ) => Effect.Effect<void, never, Scope.Scope>
    /** Tells those who overhear, and nobody else. */
    readonly tell?: (message: BusMessage) => void
    readonly spared?: SparedMessages
  }
>()("@dueline/contracts/ports/EventBus") {}

type Interest = Parameters<EventBus["Service"]["consume"]>[0]
type Handler = Parameters<EventBus["Service"]["consume"]>[1]

/** As `consume`; what an attempt that fails has opened is closed with it, so that there may be any number of them. */
const attempt = (bus: EventBus["Service"], interest: Interest, handler: Handler) =>
  Effect.flatMap(Effect.flatMap(Effect.scope, Scope.fork), (own) =>
    bus.consume(interest, handler).pipe(
      Scope.provide(own),
      Effect.onError((cause) => Scope.close(own, Exit.failCause(cause)))
    )
  )

const eachSecond = Schedule.spaced("1 second")

type Heard<A> = (message: A) => Effect.Effect<void> | null

const byOverhearing = <A>(
  overhear: (topics: ReadonlyArray<string>, heard: (message: A) => void) => Effect.Effect<void, never, Scope.Scope>,
  topics: ReadonlyArray<string>,
  heard: Heard<A>
) =>
  Effect.flatMap(FiberSet.makeRuntime<never>(), (run) =>
    overhear(topics, (message) => {
      const doing = heard(message)
      if (doing !== null) run(doing)
    })
  )

const byGroup = (bus: EventBus["Service"], interest: Interest, heard: Heard<BusMessage>) =>
  attempt(bus, { ...interest, transient: true }, (delivery) => Effect.as(heard(delivery) ?? Effect.void, ack)).pipe(
    Effect.retry(eachSecond),
    Effect.forkScoped({ startImmediately: true }),
    Effect.asVoid
  )

/**
 * Tells this process of every message on these topics from now on, until the scope closes; what is heard meanwhile is all that it does with it.
 * `group`: a name that no other process has. A bus that cannot be asked is asked again each second. `heard` answers null where there is nothing to do.
 */
export const listen = (
  bus: EventBus["Service"],
  group: string,
  topics: ReadonlyArray<string>,
  heard: Heard<BusMessage>
): Effect.Effect<void, never, Scope.Scope> =>
  bus.overhear === undefined ? byGroup(bus, { group, topics }, heard) : byOverhearing(bus.overhear, topics, heard)

/** As `listen`, for who may miss a message now and then: for it alone none has to go by the bus. */
export const listenLoosely = (
  bus: EventBus["Service"],
  group: string,
  topics: ReadonlyArray<string>,
  heard: Heard<Mention>
): Effect.Effect<void, never, Scope.Scope> =>
  bus.spared === undefined
    ? listen(bus, group, topics, heard)
    : Effect.andThen(
        byOverhearing(bus.spared.overhear, topics, heard),
        byGroup(bus, { group, topics, overhears: true }, heard)
      )

/**
 * Takes a group's messages until the scope closes. A process that starts while the bus is away goes on without it: the bus is asked again each
 * second, and keeps the messages until then.
 */
export const consuming = (
  bus: EventBus["Service"],
  interest: Pick<Interest, "group" | "topics">,
  handler: Handler
): Effect.Effect<void, never, Scope.Scope> => {
  const { group } = interest
  const trying = attempt(bus, interest, handler)
  const again = trying.pipe(
    Effect.retry(eachSecond),
    Effect.andThen(Effect.logInfo("the bus answers: messages are taken", { group }))
  )
  return Effect.catch(trying, ({ cause }) =>
    Effect.andThen(
      Effect.logWarning("the bus does not answer: messages are asked for each second", {
        group,
        reason: String(cause)
      }),
      Effect.asVoid(Effect.forkScoped(again))
    )
  )
}
