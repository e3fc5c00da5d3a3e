/**
 * What came in and failed is kept among the dead letters, and processed once more when its letter is replayed: a process manager that hears of
 * each failure, and of each replay.
 *
 * An ingestion has one letter, whose event is the ingestion itself. A failure tells which replay it comes after, so the store makes the letter
 * wait once for each failure; a replay has a number, so the ingestion is processed once for each replay.
 */
import { storableReason } from "@dueline/contracts/deadLetter"
import { systemEnvelope } from "@dueline/contracts/Envelope"
import type { EpochMillis } from "@dueline/contracts/Ids"
import {
  failuresNow,
  IngestionChanged,
  type IngestionCommand,
  ingestionGroup,
  type IngestionFacts
} from "@dueline/contracts/ingestion/Ingestion"
import { DeadLetters } from "@dueline/contracts/ports/DeadLetters"
import { ack, consuming, dead, type Delivery, EventBus, type Verdict } from "@dueline/contracts/ports/EventBus"
import { isTransient, Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { Clock, Effect, Layer, Option, Schema } from "effect"
import { untilStoreAnswers } from "./handling.ts"

const decodeChange = Schema.decodeUnknownOption(IngestionChanged)

type Wait = (reason: string) => Effect.Effect<Verdict>

/** Of this failure; the letter has those before the last replay. */
const reasonsOf = (ingestion: IngestionFacts): ReadonlyArray<string> => {
  const failures = failuresNow(ingestion)
  return failures === 0 ? [] : ingestion.attempts.slice(-failures).map(({ reason }) => storableReason(reason))
}

export const makeHandler = Effect.gen(function* () {
  const orchestrator = yield* Orchestrator
  const letters = yield* DeadLetters
  const { deadLetters } = yield* Metrics

  /** Of a letter the message is the failure, as it was told first: without what came in. */
  const keep = Effect.fnUntraced(function* (
    delivery: Delivery,
    { ingestion, ingestionId }: IngestionChanged,
    wait: Wait
  ) {
    const { payload, streamId, tenantId, topic } = delivery
    const reasons = reasonsOf(ingestion)
    const replay = ingestion.replayed?.replay
    const redelivery = replay === undefined ? {} : { redelivery: { group: ingestionGroup, replay } }
    const message = { eventId: ingestionId, tenantId, streamId, topic, payload, ...redelivery }
    const kept = yield* Effect.result(letters.keep({ group: ingestionGroup, message, reasons }))
    if (kept._tag === "Failure") return yield* wait(kept.failure._tag)
    deadLetters.of(ingestionGroup).add()
    const facts = { ingestionId, tenantId, attempts: reasons.length, reason: reasons.at(-1) }
    yield* Effect.annotateLogs(Effect.logWarning("what came in has failed; its dead letter can be replayed"), facts)
    return ack
  })

  const replay = Effect.fnUntraced(function* (
    { tenantId }: Delivery,
    { correlationId, ingestionId }: IngestionChanged,
    replay: number,
    wait: Wait
  ) {
    const at = (yield* Clock.currentTimeMillis) as EpochMillis
    const command: IngestionCommand = { _tag: "ReplayIngestion", ingestionId, at, replay }
    const commandId = `replay:${ingestionId}:${replay}`
    const asked = yield* Effect.result(
      orchestrator.ask(systemEnvelope("dead-letters", { tenantId, correlationId }, commandId, command))
    )
    if (asked._tag === "Success") return ack
    const { _tag } = asked.failure
    return isTransient(asked.failure) ? yield* wait(_tag) : dead(`it is not replayed: ${_tag}`)
  })

  return (delivery: Delivery): Effect.Effect<Verdict> => {
    const { eventId, payload, redelivery, streamId, tenantId } = delivery
    const told = Option.getOrNull(decodeChange(payload))
    if (told === null) return Effect.succeed(dead("not a message about an ingestion"))
    const { ingestionId } = told
    return untilStoreAnswers("a failed ingestion has to wait; it is tried again", { tenantId, ingestionId }, (wait) =>
      // The message of the failure itself has another event: it may have been given up and replayed too.
      redelivery === undefined || eventId !== streamId
        ? keep(delivery, told, wait)
        : replay(delivery, told, redelivery.replay, wait)
    )
  }
})

/** Works until the scope closes. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const bus = yield* EventBus
    yield* consuming(bus, { group: ingestionGroup, topics: ["ops.ingestion.failed"] }, yield* makeHandler)
  })
)
