/**
 * One reported event, as it is stored, from what was sent of it; or what is wrong with it. * Product events in their usual form, read by a look at
 * each field: a schema that is walked for each of a batch takes more than all the rest of it. Whatever is unusual is left to the schema, which says
 * what is wrong with it. A property holds both together: what is read here, the schema reads as the same.
 */
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { FieldProblem } from "@dueline/contracts/api/Problem"
import { parseInstant } from "@dueline/contracts/api/Wire"
import {
  type BatchItem,
  type Identify,
  maxDocumentBytes,
  type ProductEventId,
  type ProductEventType,
  type ReportedEvent,
  type Track
} from "@dueline/contracts/productEvent/ProductEvent"
import { uuidV7 } from "@dueline/identity/randomId"
import { type Random, Result, Schema } from "effect"
import { fieldProblems } from "../requests/fieldProblems.ts"
import { exactDecoder, inspect } from "../requests/requestBody.ts"

interface Sent {
  readonly value: unknown
  readonly escaped: boolean
  /** Every number in it keeps its value. */
  readonly exact: boolean
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

const columns: ReadonlySet<string> = new Set([
  "anonymousId",
  "event",
  "event_id",
  "name",
  "timestamp",
  "type",
  "userId"
] satisfies ReadonlyArray<keyof Item>)

/** What is known by its own column is not in the document too. */
const documentOf = (item: Item): string => {
  const rest: Record<string, unknown> = {}
  for (const name in item) if (!columns.has(name)) rest[name] = item[name as keyof Item]
  return JSON.stringify(rest)
}

const reportedOf = (item: Item, id: string, sent: Sent) => {
  const { anonymousId, event, event_id, name, timestamp, type, userId } = item
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
    document: documentOf(item)
  } satisfies ReportedEvent
}

interface ReaderOptions<A> {
  /** What becomes of an event with a field that is not known. */
  readonly onExcess: "error" | "ignore"
  /** Reads what is usual without the schema; null for everything else. */
  readonly plain: (value: unknown) => A | null
}

export type Reader = (sent: Sent, dice: Random.Random) => Result.Result<ReportedEvent, Refused>

const refuse = (errors: ReadonlyArray<FieldProblem>, eventId: string | null = null) =>
  Result.fail<Refused>({ eventId, errors })

/** Many at a time are read: plain functions, without an effect for each. */
export const makeReader = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  itemOf: (decoded: S["Type"]) => Item,
  { onExcess, plain }: ReaderOptions<S["Type"]>
): Reader => {
  const decode = onExcess === "error" ? exactDecoder(schema) : Schema.decodeUnknownResult(schema, { errors: "all" })
  const quick = onExcess === "error" ? decode : Schema.decodeUnknownResult(schema)

  return (sent, dice) => {
    const { escaped, exact, path, value } = sent
    const unkeepable = inspect(value, escaped)
    if (unkeepable.length > 0) return refuse(unkeepable.map((problem) => ({ ...problem, path })))
    let item: S["Type"] | null = escaped || !exact ? null : plain(value)
    if (item === null) {
      const first = quick(value)
      const decoded = Result.isSuccess(first) ? first : decode(value)
      if (Result.isFailure(decoded)) return refuse(fieldProblems(path, decoded.failure.issue, value))
      item = decoded.success
    }
    const reported = reportedOf(itemOf(item), uuidV7(sent.at, dice), sent)
    // No character has more than three bytes.
    const bytes = 3 * reported.document.length > maxDocumentBytes ? Buffer.byteLength(reported.document) : 0
    return bytes <= maxDocumentBytes
      ? Result.succeed(reported)
      : refuse(
          [{ path, message: `has ${bytes} bytes, and at most ${maxDocumentBytes} are taken: send less with it` }],
          reported.given ? reported.eventId : null
        )
  }
}

/** As in `ProductEventBodies`. */
const longestName = 255
const longestId = 200

/** Shorter than it may be, however its characters are counted. */
const isName = (value: unknown, longest: number): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= longest

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value)

const isInstant = (value: unknown): value is string =>
  typeof value === "string" && value.length <= 24 && Number.isFinite(parseInstant(value, "up"))

/**
 * Null for what is not usual. `value`: what `JSON.parse` made of a text without escapes, whose numbers keep their values. `type`: of an event that
 * does not say it itself.
 */
export function plainProductEvent(value: unknown): BatchItem | null
export function plainProductEvent(value: unknown, type: "track"): Track | null
export function plainProductEvent(value: unknown, type: "identify"): Identify | null
export function plainProductEvent(value: unknown, type?: "track" | "identify"): BatchItem | Track | Identify | null {
  if (!isObject(value)) return null
  const item = value as Readonly<Record<string, unknown>>
  const kind = type ?? item["type"]
  if (kind !== "track" && kind !== "identify") return null
  const isTrack = kind === "track"
  // Own names alone: what `JSON.parse` makes has no others.
  for (const name in item) {
    if (name === "type" ? type !== undefined : !isPlainField(name, item[name], isTrack)) return null
  }
  const complete = isTrack ? item["event"] !== undefined : (item["userId"] ?? item["anonymousId"]) !== undefined
  return complete ? (item as BatchItem) : null
}

const isPlainField = (name: string, field: unknown, isTrack: boolean): boolean => {
  switch (name) {
    case "event":
      return isTrack && isName(field, longestName)
    case "event_id":
      return isName(field, longestId)
    case "userId":
    case "anonymousId":
      return isName(field, longestName)
    case "properties":
      return isTrack && isObject(field)
    case "traits":
      return !isTrack && isObject(field)
    case "context":
      return isObject(field)
    case "timestamp":
      return isInstant(field)
    default:
      return false
  }
}
