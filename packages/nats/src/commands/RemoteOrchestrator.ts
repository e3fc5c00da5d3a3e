/**
 * The Orchestrator port for a process that has no writer, or not the one that is asked for: each command goes to the process that comes
 * first for its partition, and to the next one when that is gone.
 *
 * A command may be carried out although its answer was lost; asked again, also of another process, it is recognised by its command id or
 * its idempotency key. So asking again is always safe, and is what happens here until the deadline.
 */
import { streamIdOf } from "@dueline/contracts/kinds"
import { partitionOf } from "@dueline/contracts/partition"
import { Orchestrator, Overloaded } from "@dueline/contracts/ports/Orchestrator"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import type { Msg } from "@nats-io/nats-core"
import { Clock, Effect, Exit, FiberSet } from "effect"
import { askText, asksText, readReplies } from "./CommandWire.ts"
import { Members } from "../members/Members.ts"
import { Nats } from "../Nats.ts"
import { TurnBatcher, TurnBatchers } from "../TurnBatcher.ts"
import { type Pending, PendingCommands } from "./PendingCommands.ts"

export interface RemoteOrchestratorOptions {
  /** The writer of this process, for the partitions that are its own; null in a process without one. */
  readonly local: Orchestrator["Service"] | null
  /** Commands on their way at once, and of one tenant as many as there is room left; one more is `Overloaded`. */
  readonly limit?: number
  /** Milliseconds until an unanswered command fails as `StoreUnavailable`; while NATS is away, at most two seconds. */
  readonly patienceMs?: number
}

/** How often commands are looked at that have waited too long. */
const lookMs = 250
/** How long a command waits for NATS to come back, in milliseconds: longer than a server takes to start again. */
const awayMs = 2_000

export const make = Effect.fnUntraced(function* (options: RemoteOrchestratorOptions) {
  const { limit = 16_384, local, patienceMs = 8_000 } = options
  const { connected, connection, prefix, watch } = yield* Nats
  const members = yield* Members
  const clock = yield* Clock.Clock
  const run = yield* FiberSet.makeRuntime<never>()
  const pending = new PendingCommands()
  const answerSubject = `${prefix}.answer.${members.id}`
  const orchestrators = new TurnBatchers(
    (id) =>
      new TurnBatcher(run, (asks) => {
        if (connection.isClosed()) return
        connection.publish(`${prefix}.ask.${id}`, asksText(asks), { reply: `${answerSubject}.${id}` })
      })
  )
  const ownerOf = (partition: number): string | null => members.ranking(partition)[0] ?? null

  /** A process that is about to leave serves itself once no other orchestrator is there. */
  const isOwn = (partition: number) => (ownerOf(partition) ?? members.id) === members.id

  const route = (one: Pending) => {
    one.to = ownerOf(one.partition)
    if (local !== null && isOwn(one.partition)) {
      local.offer(one.envelope, (exit) => pending.settle(one.n, exit))
    } else if (one.to !== null) orchestrators.to(one.to).add(askText(one.n, one.envelope))
  }

  const receive = (message: Msg) => {
    if (members.noResponders(message)) return
    const replies = readReplies(message.string())
    if (replies === null) run(Effect.logError("an answer is not understood; are all processes of one version?"))
    for (const { answer, n, refusal } of replies ?? []) {
      if (answer !== undefined) pending.settle(n, Exit.succeed(answer))
      else if (refusal !== undefined) pending.settle(n, Exit.fail(refusal))
    }
  }

  const reasonFor = ({ to }: Pending): string => {
    if (!connected()) return "NATS is away"
    return to === null ? "no orchestrator is there" : `orchestrator ${to} does not answer`
  }
  /** What was asked before NATS went may have been carried out; it is asked again when NATS is back, if that is soon. */
  const look = Effect.sync(() => {
    const hurry = connected() ? 0 : Math.max(0, patienceMs - awayMs)
    for (const one of pending.expired(clock.currentTimeMillisUnsafe() + hurry)) {
      pending.settle(one.n, Exit.fail(new StoreUnavailable({ operation: "ask", cause: new Error(reasonFor(one)) })))
    }
  })

  members.onChange(({ id, kind, roles }) => {
    if (!roles.includes("orchestrator")) return
    if (kind !== "joined") orchestrators.forget(id)
    pending.waitingFor(id).forEach(route)
  })
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(lookMs), look)))
  const subscription = connection.subscribe(`${answerSubject}.*`, { callback: (_, message) => receive(message) })
  // What was on its way when the connection went may have been dropped on either side.
  const unwatch = watch((event) => {
    if (event === "reconnected") pending.all().forEach(route)
  })
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      unwatch()
      subscription.unsubscribe()
    })
  )

  return Orchestrator.offering((envelope, settle) => {
    const partition = partitionOf(envelope.tenantId, streamIdOf(envelope.command))
    if (local !== null && isOwn(partition)) local.offer(envelope, settle)
    else if (pending.sizeOf(envelope.tenantId) >= limit - pending.size) {
      settle(Exit.fail(new Overloaded({ queueLimit: limit })))
    } else route(pending.add(envelope, settle, clock.currentTimeMillisUnsafe() + patienceMs))
  })
})
