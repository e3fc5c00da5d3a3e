/**
 * Which processes of the installation run, and in which roles: each sends a heartbeat four times a second on a core subject, and each
 * keeps a table of its own. There is no agreement: a process whose table is wrong for a moment sends work to the wrong process, which the
 * store fences.
 *
 * After 600 ms of silence a process is probed: without its connection, NATS answers at once with "no responders". The process that finds
 * another gone publishes that before it acts on it, and the others probe at once too; else one would take a dead worker's calls from it
 * while another still gives it new ones. A process that hangs with its connection open is lost after two seconds of silence.
 */
import { Role } from "@dueline/contracts/Role"
import type { Msg } from "@nats-io/nats-core"
import { Clock, Context, Effect, Layer, Option, Schema } from "effect"
import { type Heartbeat, type MemberChange, MemberTable } from "./MemberTable.ts"
import { Nats } from "../Nats.ts"

export interface MembersOptions {
  readonly id: string
  readonly roles: ReadonlyArray<Role>
  /** Milliseconds; the defaults are what the description above says. */
  readonly everyMs?: number
  readonly suspectMs?: number
  readonly lostMs?: number
}

export class Members extends Context.Service<
  Members,
  {
    readonly id: string
    /** Ids in order; the same array until something changes. Includes this process. */
    readonly withRole: (role: Role) => ReadonlyArray<string>
    /** Orchestrators in the order in which they serve the partition; the same array until something changes. */
    readonly ranking: (partition: number) => ReadonlyArray<string>
    /** Called synchronously after each change; must not throw. */
    readonly onChange: (listener: (change: MemberChange) => void) => void
    /**
     * True for NATS' own answer to a message without a receiver. The last token of its subject is the id of the process that should have
     * answered: it is gone.
     */
    readonly noResponders: (answer: Msg) => boolean
    /** Publishes that this process takes no new work. */
    readonly leave: Effect.Effect<void>
  }
>()("@dueline/nats/members/Members") {}

/** A heartbeat as it is sent. */
const HeartbeatJson = Schema.fromJsonString(
  Schema.Struct({
    v: Schema.Literal(1),
    id: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{1,100}$/u)),
    roles: Schema.Array(Role),
    state: Schema.Literals(["serving", "leaving"]),
    /** The sender is new: every member answers with a heartbeat of its own. */
    hello: Schema.optionalKey(Schema.Literal(true))
  })
)
const decode = Schema.decodeUnknownOption(HeartbeatJson)

/** Null when it is not understood. */
export const readHeartbeat = (text: string) => Option.getOrNull(decode(text))

export const heartbeatText = (said: Heartbeat, hello: boolean): string =>
  JSON.stringify({ v: 1, ...said, ...(hello ? { hello } : {}) })

/** Without a receiver for a message NATS answers by itself, at once, on its reply subject. */
const isNoResponders = ({ headers }: Msg): boolean => headers?.code === 503

/** A loop that slept this much longer than it wanted was stopped itself, and has received no heartbeats meanwhile. */
const stallMs = 750

/** Milliseconds after a return of NATS in which no process is probed or counts as gone: all have to connect again first. */
const returnMs = 3_000

export const make = Effect.fnUntraced(function* (options: MembersOptions) {
  const { connected, connection, prefix, watch } = yield* Nats
  const { everyMs = 250, id, lostMs = 2_000, roles, suspectMs = 600 } = options
  const clock = yield* Clock.Clock
  const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const table = new MemberTable()
  const listeners: Array<(change: MemberChange) => void> = []
  let state: "serving" | "leaving" = "serving"

  const notify = (change: MemberChange | null) => {
    if (change === null) return
    for (const listener of listeners) listener(change)
  }
  const beat = (hello = false) => {
    if (connection.isClosed()) return
    connection.publish(`${prefix}.member`, heartbeatText({ id, roles, state }, hello))
  }
  const receive = (message: Msg) => {
    const heartbeat = readHeartbeat(message.string())
    if (heartbeat === null || heartbeat.id === id) return
    if (heartbeat.hello === true) beat()
    notify(table.receive(heartbeat, now()))
  }
  const probe = (member: string) => {
    connection.publish(`${prefix}.here.${member}`, "", { reply: `${prefix}.absent.${id}.${member}` })
  }
  const absent = (member: string, kind: "gone" | "lost" = "gone") => {
    if (member === id) return
    const change = table.lose(member, kind)
    if (change !== null && kind === "gone" && !connection.isClosed()) connection.publish(`${prefix}.gone`, member)
    notify(change)
  }
  let lastAt = now()
  let excusedUntil = 0
  /** After a return of NATS it says little: the other may have to connect again, and still be at work. Its next heartbeat brings it back. */
  const noResponders = (answer: Msg) => {
    if (!isNoResponders(answer)) return false
    const member = answer.subject.slice(answer.subject.lastIndexOf(".") + 1)
    absent(member, now() < excusedUntil ? "lost" : "gone")
    return true
  }
  const subscriptions = [
    connection.subscribe(`${prefix}.member`, { callback: (_, message) => receive(message) }),
    connection.subscribe(`${prefix}.gone`, {
      callback: (_, message) => {
        const member = message.string()
        if (member !== id && table.has(member) && now() >= excusedUntil) probe(member)
      }
    }),
    connection.subscribe(`${prefix}.here.${id}`, { callback: () => undefined }),
    connection.subscribe(`${prefix}.absent.${id}.*`, {
      callback: (_, message) => void noResponders(message)
    })
  ]
  notify(table.receive({ id, roles, state }, now()))
  beat(true)

  const excuse = (at: number) => {
    table.excuse(at)
    excusedUntil = at + returnMs
  }
  const look = () => {
    const at = now()
    if (at - lastAt > everyMs + stallMs) excuse(at)
    lastAt = at
    if (state === "serving") table.receive({ id, roles, state }, at)
    beat()
    if (at < excusedUntil) return
    for (const silent of table.silent(at, lostMs)) absent(silent, "lost")
    for (const silent of table.silent(at, suspectMs)) probe(silent)
  }
  /** Silence means nothing while the connection is away. */
  const tick = Effect.sync(() => {
    if (connected()) look()
    else excuse(now())
  })
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(tick, Effect.sleep(everyMs))))
  const unwatch = watch((event) => {
    if (event !== "reconnected") return
    excuse(now())
    beat(true)
  })

  const leave = Effect.sync(() => {
    state = "leaving"
    notify(table.receive({ id, roles, state }, now()))
    beat()
  })
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      state = "leaving"
      beat()
      unwatch()
      for (const subscription of subscriptions) subscription.unsubscribe()
    })
  )
  return Members.of({
    id,
    withRole: (role) => table.withRole(role),
    ranking: (partition) => table.ranking(partition),
    onChange: (listener) => void listeners.push(listener),
    noResponders,
    leave
  })
})

export const layer = (options: MembersOptions) => Layer.effect(Members, make(options))
