/** The streams that the bus and the timer need, as data, and how one that is there differs from what is wanted. */
import { DiscardPolicy, RetentionPolicy, StorageType, StoreCompression, type StreamConfig } from "@nats-io/jetstream"
import { nanos } from "@nats-io/nats-core"

export type WantedStream = Pick<StreamConfig, "name" | "subjects" | "retention" | "storage"> & Partial<StreamConfig>

export interface WantedStreams {
  /** Events, kept for 14 days, read or not. */
  readonly events: WantedStream
  /** Alarms that wait, and due ones until they are acknowledged. No limit may ever drop one. */
  readonly due: WantedStream
}

/** Names are `DUELINE_EVENTS` and `DUELINE_DUE`, with any other prefix than `dl` appended. */
export const wantedStreams = (prefix: string, replicas: number): WantedStreams => {
  const suffix = prefix === "dl" ? "" : `_${prefix}`
  const kept = { storage: StorageType.File, num_replicas: replicas, discard: DiscardPolicy.Old, allow_direct: true }
  return {
    events: {
      ...kept,
      name: `DUELINE_EVENTS${suffix}`,
      subjects: [`${prefix}.evt.*.*.*.*`],
      retention: RetentionPolicy.Limits,
      max_age: nanos(14 * 86_400_000),
      duplicate_window: nanos(10 * 60_000),
      compression: StoreCompression.S2
    },
    due: {
      ...kept,
      name: `DUELINE_DUE${suffix}`,
      subjects: [`${prefix}.sched.*.*.*.*`, `${prefix}.due.*.*.*`],
      retention: RetentionPolicy.Workqueue,
      max_age: 0,
      max_msgs: -1,
      max_bytes: -1,
      duplicate_window: nanos(2 * 60_000),
      allow_msg_schedules: true,
      allow_msg_ttl: true
    }
  }
}

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
