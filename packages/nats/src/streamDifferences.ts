/** Compares a stream with what is wanted of it. */
import type { StreamConfig } from "@nats-io/jetstream"

export interface Difference {
  readonly setting: string
  readonly wanted: unknown
  readonly found: unknown
}

/** A server leaves out what is off. */
const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return JSON.stringify([...value].sort())
  return value ?? false
}

const differ = (setting: string, wanted: unknown, found: unknown): boolean =>
  setting === "num_replicas" ? Number(found) < Number(wanted) : plain(wanted) !== plain(found)

/** Settings that are wanted and found otherwise. What is not wanted is not looked at, nor are more replicas than wanted. */
export const differences = (wanted: Partial<StreamConfig>, found: Partial<StreamConfig>): ReadonlyArray<Difference> => {
  const actual = new Map<string, unknown>(Object.entries(found))
  return Object.entries(wanted)
    .map(([setting, value]) => ({ setting, wanted: value, found: actual.get(setting) }))
    .filter((one) => differ(one.setting, one.wanted, one.found))
}

/** E.g. `retention is "limits" instead of "workqueue"`. */
export const sentenceOf = (different: ReadonlyArray<Difference>): string =>
  different
    .map(({ found, setting, wanted }) => `${setting} is ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`)
    .join(", ")
