/**
 * Publications to JetStream and what the server says of each, over one subscription.
 *
 * The library's own publish makes a timer, an error and several promises for each message, which is most of what a publication costs this
 * process. Here it is an entry in a map until its acknowledgement comes. Whatever else comes is left to the library: it publishes the
 * message again under the same id, by which the server recognises a repeat, and knows all the ways in which a server refuses.
 */
import { ShortLivedMap } from "@dueline/contracts/ShortLived"
import { createInbox, type Msg, type MsgHdrs, TimeoutError } from "@nats-io/nats-core"
import { Clock, Effect } from "effect"
import { Nats, type NatsFailed } from "../Nats.ts"

export interface Publication {
  readonly subject: string
  readonly body: string
  /** What the server recognises a repeat by. */
  readonly id: string
  /** New ones for every attempt: publishing writes into them. */
  readonly headers: () => MsgHdrs
}

interface Pending {
  readonly publication: Publication
  /** Milliseconds on the monotonic clock. */
  readonly deadline: number
  readonly taken: () => void
  readonly failed: (cause: unknown) => void
}

/** How often publications are looked at that have waited too long. */
const lookMs = 250

const isTaken = (message: Msg): boolean => {
  if (message.headers !== undefined) return false
  try {
    const said = JSON.parse(message.string()) as { readonly stream?: unknown; readonly error?: unknown } | null
    return typeof said?.stream === "string" && said.error === undefined
  } catch {
    return false
  }
}

/** Publishes until the scope closes. `timeoutMs`: how long the server may take to store a message. */
export const makePublications = Effect.fnUntraced(function* (timeoutMs: number) {
  const { connection, jetstream, request } = yield* Nats
  const clock = yield* Clock.Clock
  const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const inbox = createInbox()
  /** By number, oldest first: all are given the same time. */
  const pending = new ShortLivedMap<number, Pending>()
  let number = 0

  const byLibrary = ({ body, headers, id, subject }: Publication) =>
    jetstream.publish(subject, body, { msgID: id, headers: headers(), timeout: timeoutMs })

  const receive = (message: Msg) => {
    const n = Number(message.subject.slice(inbox.length + 1))
    const one = pending.get(n)
    if (one === undefined) return
    pending.delete(n)
    if (isTaken(message)) one.taken()
    else byLibrary(one.publication).then(one.taken, one.failed)
  }

  const look = Effect.sync(() => {
    const late = now()
    for (const [n, one] of pending) {
      if (one.deadline > late) break
      pending.delete(n)
      one.failed(new TimeoutError())
    }
  })

  const subscription = connection.subscribe(`${inbox}.*`, { callback: (_, message) => receive(message) })
  yield* Effect.addFinalizer(() => Effect.sync(() => subscription.unsubscribe()))
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(lookMs), look)))

  return (publication: Publication): Effect.Effect<void, NatsFailed> =>
    request(
      () =>
        new Promise<void>((taken, failed) => {
          const { body, id, subject } = publication
          const headers = publication.headers()
          headers.set("Nats-Msg-Id", id)
          const n = ++number
          // Throws when the message is too large for the server.
          connection.publish(subject, body, { headers, reply: `${inbox}.${n}` })
          pending.set(n, { publication, deadline: now() + timeoutMs, taken, failed })
        })
    )
})
