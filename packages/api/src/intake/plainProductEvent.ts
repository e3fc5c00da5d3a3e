/**
 * Product events in their usual form, read by a look at each field: a schema that is walked for each of a batch takes more than all the rest of
 * it. Whatever is unusual is left to the schema, which says what is wrong with it. A property holds both together: what is read here, the schema
 * reads as the same.
 */
import { parseInstant } from "@dueline/contracts/api/Wire"
import type { BatchItem, Identify, Track } from "@dueline/contracts/productEvent/ProductEvent"

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
