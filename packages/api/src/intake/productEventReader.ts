/** One reported event, as it is stored, from what was sent of it; or what is wrong with it. */
import type { FieldProblem } from "@dueline/contracts/api/Problem"
import { parseInstant } from "@dueline/contracts/api/Wire"
import type { EpochMillis } from "@dueline/contracts/Ids"
import {
  maxDocumentBytes,
  type ProductEventId,
  type ProductEventType,
  type ReportedEvent
} from "@dueline/contracts/productEvent/ProductEvent"
import { uuidV7 } from "@dueline/identity/randomId"
import { Effect, Random, Result, Schema } from "effect"
import { fieldProblems } from "../requests/fieldProblems.ts"
import { exactDecoder, inspect } from "../requests/requestBody.ts"

export interface Sent {
  readonly value: unknown
  readonly escaped: boolean
  /** When it came, and by how much the sender's clock is behind ours, in milliseconds. */
  readonly at: EpochMillis
  readonly offset: number
  /** Where it stands in the body. */
  readonly path: string
}

/** Of any of the forms it may be sent in. Undefined and null alike: it has none. */
interface Item {
  readonly type: ProductEventType
  readonly event?: string | null | undefined
  readonly name?: string | null | undefined
  readonly event_id?: string | null | undefined
  readonly userId?: string | null | undefined
  readonly anonymousId?: string | null | undefined
  readonly timestamp?: string | null | undefined
}

export interface Refused {
  readonly eventId: string | null
  readonly errors: ReadonlyArray<FieldProblem>
}

const textOrNull = (text: string | null | undefined): string | null =>
  text === undefined || text === null || text === "" ? null : text

/** What is known by its own column is not in the document too. */
const reportedOf = (
  { anonymousId, event, event_id, name, timestamp, type, userId, ...rest }: Item,
  id: string,
  sent: Sent
) => {
  const occurred = typeof timestamp === "string" ? parseInstant(timestamp, "down") + sent.offset : sent.at
  const given = textOrNull(event_id)
  return {
    id: id as ProductEventId,
    eventId: given ?? id,
    given: given !== null,
    type,
    name: textOrNull(event) ?? textOrNull(name),
    userId: textOrNull(userId),
    anonymousId: textOrNull(anonymousId),
    occurredAt: occurred as EpochMillis,
    document: JSON.stringify(rest)
  } satisfies ReportedEvent
}

/** `onExcess`: what becomes of an event with a field that is not known. */
export const makeReader = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  itemOf: (decoded: S["Type"]) => Item,
  { onExcess }: { readonly onExcess: "error" | "ignore" }
) => {
  const decode = onExcess === "error" ? exactDecoder(schema) : Schema.decodeUnknownResult(schema, { errors: "all" })
  const quick = onExcess === "error" ? decode : Schema.decodeUnknownResult(schema)

  return (sent: Sent): Effect.Effect<Result.Result<ReportedEvent, Refused>> =>
    Effect.withFiber((fiber): Effect.Effect<Result.Result<ReportedEvent, Refused>> => {
      const { escaped, path, value } = sent
      const refuse = (errors: ReadonlyArray<FieldProblem>, eventId: string | null = null) =>
        Effect.succeed(Result.fail({ eventId, errors }))
      const unkeepable = inspect(value, escaped)
      if (unkeepable.length > 0) return refuse(unkeepable.map((problem) => ({ ...problem, path })))
      const first = quick(value)
      const decoded = Result.isSuccess(first) ? first : decode(value)
      if (Result.isFailure(decoded)) return refuse(fieldProblems(path, decoded.failure.issue, value))
      const reported = reportedOf(itemOf(decoded.success), uuidV7(sent.at, fiber.getRef(Random.Random)), sent)
      const bytes = Buffer.byteLength(reported.document)
      return bytes <= maxDocumentBytes
        ? Effect.succeed(Result.succeed(reported))
        : refuse(
            [{ path, message: `has ${bytes} bytes, and at most ${maxDocumentBytes} are taken: send less with it` }],
            reported.given ? reported.eventId : null
          )
    })
}
