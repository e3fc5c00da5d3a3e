/**
 * Ends of calls that nobody takes from the bus. Stored, acknowledged, brought to a process that waits for none of them and acknowledged again,
 * they cost as much as all else that a call costs here. So they are told over core NATS instead, a line each, all of a turn in one message; what
 * gets lost is found in the store by whoever waits.
 */
import type { StreamId, TenantId } from "@dueline/contracts/Ids"
import type { Mention, SparedMessages } from "@dueline/contracts/ports/EventBus"
import { ServiceCallTopic } from "@dueline/contracts/serviceCall/Topic"
import { Effect, FiberSet } from "effect"
import { Nats } from "../Nats.ts"
import { sparedSubject } from "../Subjects.ts"
import { TurnBatcher } from "../TurnBatcher.ts"
import { type HeardTimes, makeHeardTopics } from "./HeardTopics.ts"

export const mentionLine = ({ streamId, tenantId, topic }: Mention): string => `${topic} ${tenantId} ${streamId}`

/** Null for what this program does not write. */
export const readMention = (line: string): Mention | null => {
  const [topic, tenantId, streamId, more] = line.split(" ")
  return topic === undefined || tenantId === undefined || streamId === undefined || more !== undefined
    ? null
    : { topic, tenantId: tenantId as TenantId, streamId: streamId as StreamId }
}

export const makeSparedEnds = Effect.fnUntraced(function* (times?: HeardTimes) {
  const { connected, connection, prefix } = yield* Nats
  const isHeard = yield* makeHeardTopics(ServiceCallTopic.literals, times)
  const ends = new Set<string>(ServiceCallTopic.literals)
  const subject = sparedSubject(prefix)
  const run = yield* FiberSet.makeRuntime<never>()
  const outgoing = new TurnBatcher(run, (lines) => {
    if (connected()) connection.publish(subject, lines.join("\n"))
  })
  yield* Effect.addFinalizer(() => Effect.sync(() => outgoing.flush()))

  const overhear: SparedMessages["overhear"] = (topics, heard) =>
    Effect.acquireRelease(
      Effect.sync(() =>
        connection.subscribe(subject, {
          callback: (_, message) => {
            for (const line of message.string().split("\n")) {
              const mention = readMention(line)
              if (mention !== null && topics.includes(mention.topic)) heard(mention)
            }
          }
        })
      ),
      (subscription) => Effect.sync(() => subscription.unsubscribe())
    ).pipe(Effect.asVoid)

  const spared: SparedMessages = {
    isHeard: (topic) => !ends.has(topic) || isHeard(topic),
    tell: (mention) => outgoing.add(mentionLine(mention)),
    overhear
  }
  return spared
})
