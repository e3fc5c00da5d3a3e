/**
 * Subscriptions as their receivers see them: every message of the tenant that is asked for comes, signed, those of one aggregate one after the
 * other; none of another tenant, none that never was, and none after the subscription was deleted, but for what is called off within a while.
 */
import { createHmac } from "node:crypto"
import { type Done, done, isAbout } from "../Asked.ts"
import { aheadAt, mostOff } from "../clocks.ts"
import { disturbedMs } from "../disturbances.ts"
import type { Check, Evidence, Found } from "../Evidence.ts"
import type { Arrival } from "../History.ts"

/** What is under way is called off within that time, when all is well. */
const calledOffMs = 15_000

const topicOf: Readonly<Record<string, string>> = {
  ScheduleFired: "ops.schedule.fired",
  PauseCreated: "ops.pause.created",
  PauseResumed: "ops.pause.resumed"
}

interface Message {
  readonly eventId: string
  readonly tenantId: string
  readonly streamId: string
  readonly version: number
  readonly topic: string
  readonly at: number
}

type Subscribed = Done<"subscribe">
interface Hooked extends Arrival {
  readonly hook: NonNullable<Arrival["hook"]>
}

const asks = (topics: ReadonlyArray<string>, topic: string): boolean =>
  topics.some((pattern) => pattern === topic || (pattern.endsWith(".*") && topic.startsWith(pattern.slice(0, -1))))

const messagesOf = ({ streams }: Evidence): ReadonlyMap<string, Message> =>
  new Map(
    [...streams.values()].flatMap(({ events, id, tenantId }) =>
      events.flatMap(({ eventId, payload, recordedAt, version }) => {
        const topic = topicOf[(payload as { readonly _tag: string })._tag]
        const message = { eventId, tenantId, streamId: id, version, at: recordedAt }
        return topic === undefined ? [] : [[eventId, { ...message, topic }] as const]
      })
    )
  )

const signatureOf = (secret: string, { body, id, timestamp }: Hooked["hook"]): string =>
  `v1,${createHmac("sha256", Buffer.from(secret.replace(/^whsec_/u, ""), "base64"))
    .update(`${id}.${timestamp}.${body}`)
    .digest("base64")}`

const eventIdOf = ({ hook }: Hooked): string => (JSON.parse(hook.body) as { readonly id: string }).id

/** Secrets that are asked for when something is sent may be so old. */
const secretsAgeMs = 5_000

/** The one that was shown, and from when on everything is signed with it; before that another one, which nobody knows. */
const secretOf = (
  one: Subscribed,
  { history }: Evidence
): { readonly secret: string; readonly since: number } | null => {
  if (one.secret !== null) return { secret: one.secret, since: 0 }
  const shown = history.asked.find(
    (asked) => isAbout(asked, "rotate") && asked.wanted.subscriptionId === one.id && asked.secret !== null
  )
  const { completedAt = null, secret = null } = shown ?? {}
  return secret === null || completedAt === null ? null : { secret, since: completedAt + secretsAgeMs }
}

const isSigned = (one: Subscribed, { at, callId, epoch, hook }: Hooked, evidence: Evidence): boolean => {
  const known = secretOf(one, evidence)
  const call = evidence.calls.get(callId)
  // What was signed before it was shown may have been on its way for a while.
  const startedAt = call === undefined ? at : (evidence.attempts(call).started.get(epoch)?.startedAt ?? at)
  const signatures = hook.signature.split(" ")
  return known !== null && Math.min(at, startedAt - mostOff(evidence.history)) >= known.since
    ? signatures.includes(signatureOf(known.secret, hook))
    : signatures.every((signature) => /^v1,[\w+/]{43}=$/u.test(signature))
}

const wrongWith = (
  one: Subscribed,
  arrival: Hooked,
  message: Message | undefined,
  evidence: Evidence
): string | null => {
  if (!isSigned(one, arrival, evidence)) return "it is not signed with its secret"
  if (message === undefined) return "nothing of that kind has happened"
  if (message.tenantId !== evidence.tenantIds.get(one.tenant)) return "it is another tenant's"
  return asks(one.wanted.topics, message.topic) ? null : `it is ${message.topic}, which is not asked for`
}

/** What came, message by message in the order of their coming. */
const each = (one: Subscribed, evidence: Evidence, messages: ReadonlyMap<string, Message>) => {
  const { history } = evidence
  const isHere = (arrival: Arrival): arrival is Hooked =>
    arrival.tenant === one.tenant && arrival.key === one.wanted.key && arrival.hook !== null
  const came = history.arrivals.filter(isHere).toSorted((a, b) => a.at - b.at)
  const gone = history.asked.find((asked) => isAbout(asked, "unsubscribe") && asked.wanted.subscriptionId === one.id)
  const goneAt = gone?.completedAt ?? Number.POSITIVE_INFINITY
  const wrong = came.flatMap((arrival) => {
    const eventId = eventIdOf(arrival)
    const detail = wrongWith(one, arrival, messages.get(eventId), evidence)
    const lateMs = arrival.at - goneAt
    return [
      ...(detail === null ? [] : [`${eventId} came, and ${detail}`]),
      ...(lateMs > calledOffMs + disturbedMs(history, goneAt, arrival.at)
        ? [`${eventId} came ${lateMs} ms after it was deleted`]
        : [])
    ]
  })
  return { came: Map.groupBy(came, eventIdOf), isGone: gone !== undefined, wrong }
}

const missing = (
  one: Subscribed,
  came: ReadonlyMap<string, ReadonlyArray<Hooked>>,
  messages: Iterable<Message>,
  evidence: Evidence
) => {
  return [...messages].flatMap(({ at, eventId, tenantId, topic }) => {
    const isDue =
      tenantId === evidence.tenantIds.get(one.tenant) &&
      at - aheadAt(evidence.history, at) > one.completedAt &&
      asks(one.wanted.topics, topic)
    const isTaken = came.get(eventId)?.some(({ answered }) => answered === 200) ?? false
    return isDue && !isTaken ? [`${eventId} (${topic}) was never taken`] : []
  })
}

const disorder = (
  came: ReadonlyMap<string, ReadonlyArray<Hooked>>,
  messages: Iterable<Message>
): ReadonlyArray<string> =>
  [...Map.groupBy(messages, ({ streamId }) => streamId).values()].flatMap((line) => {
    const told = line.filter(({ eventId }) => came.has(eventId)).toSorted((a, b) => a.version - b.version)
    return told.slice(1).flatMap(({ eventId }, i) => {
      const before = told[i]?.eventId ?? ""
      const takenAt = came.get(before)?.find(({ answered }) => answered === 200)?.endedAt ?? Number.POSITIVE_INFINITY
      const first = came.get(eventId)?.[0]?.at ?? 0
      return first < takenAt ? [`${eventId} came at ${first}, and ${before} before it was taken at ${takenAt}`] : []
    })
  })

export const subscriptionsHear: Check = (evidence): ReadonlyArray<Found> => {
  const messages = messagesOf(evidence)
  return done(evidence.history.asked, "subscribe").flatMap((one) => {
    const { came, isGone, wrong } = each(one, evidence, messages)
    const untold = isGone ? [] : missing(one, came, messages.values(), evidence)
    return [...wrong, ...untold, ...disorder(came, messages.values())].map((detail) => ({
      callId: null,
      detail: `${one.wanted.key} of ${one.tenant}: ${detail}`
    }))
  })
}
