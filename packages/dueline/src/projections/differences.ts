/** Where a row of a read model says something else than its events do. */
import type { ReadModelRow } from "@dueline/contracts/ports/Persistence"

/**
 * The same as stored and read back: the order of an object's fields does not count, and a column of text has taken out what it cannot hold
 * (U+0000 and halves of surrogate pairs).
 */
export const sameContent = (a: unknown, b: unknown): boolean => {
  if (typeof a === "string" && typeof b === "string") return a === b || storable(a) === storable(b)
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, i) => sameContent(item, b[i]))
  }
  const [left, right] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>]
  const names = present(left)
  return names.length === present(right).length && names.every((name) => sameContent(left[name], right[name]))
}

const storable = (text: string): string => text.toWellFormed().replaceAll("\0", "\uFFFD")

/** JSON knows no undefined. */
const present = (value: Readonly<Record<string, unknown>>): ReadonlyArray<string> =>
  Object.keys(value).filter((name) => value[name] !== undefined)

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing"
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

/** What heartbeats have made of a lease is not in the log; that there is one is. */
const sameLease = (field: string, logged: unknown, stored: unknown): boolean =>
  field === "leaseUntil" && (logged === null) === (stored === null)

/** Empty when they agree. `logged` is what the events come to, null when there are none. */
export const differences = (logged: ReadModelRow | null, stored: ReadModelRow | null): ReadonlyArray<string> => {
  if (logged === null || stored === null) {
    if (logged === stored) return []
    return [logged === null ? "there are no events of this row" : "the row is missing"]
  }
  const [right, found] = [logged as unknown, stored as unknown] as [
    Readonly<Record<string, unknown>>,
    Readonly<Record<string, unknown>>
  ]
  const names = new Set([...Object.keys(right), ...Object.keys(found)])
  return [...names]
    .filter((name) => !sameContent(right[name], found[name]) && !sameLease(name, right[name], found[name]))
    .map((name) => `${name} is ${shown(found[name])}, by the log ${shown(right[name])}`)
}
