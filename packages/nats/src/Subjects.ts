/**
 * Where messages lie: every subject is made here and nowhere else.
 *
 * | Subject | Holds |
 * | --- | --- |
 * | `<prefix>.evt.<partition of the tenant>.<tenant>.<topic>.<stream>` | what happened |
 * | `<prefix>.sched.<partition of the call or flow>.<tenant>.<call>.<revision>` | an alarm that waits |
 * | `<prefix>.due.<partition of the call or flow>.<tenant>.<call>` | an alarm whose time is near |
 * | `<prefix>.watched` | on no stream: the tenants whose calls somebody watches |
 * | `<prefix>.changes.<tenant>` | on no stream: calls that have changed |
 * | `<prefix>.spared` | on no stream: calls whose end nobody takes from the bus |
 */
import { fnv1a, partitionCount, partitionOf } from "@dueline/contracts/partition"
import type { BusMessage } from "@dueline/contracts/ports/EventBus"
import type { Alarm } from "@dueline/contracts/ports/Timer"

/** Words of letters, digits and hyphens, joined by dots: ids and every topic there is. */
const words = /^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$/u

/**
 * Any text as one token of a subject, no two alike: dots become `_`, so that `ops.service-call.failed` is `ops_service-call_failed`;
 * what is not made of words joined by dots is `_` and its UTF-8 in base64url.
 */
export const token = (text: string): string =>
  words.test(text) ? text.replaceAll(".", "_") : `_${Buffer.from(text, "utf8").toString("base64url")}`

/** Of events, by tenant alone: all of a tenant's events are in one partition, in order. */
export const eventPartition = (tenantId: string): number => fnv1a(tenantId) % partitionCount

export const eventSubject = (prefix: string, { streamId, tenantId, topic }: BusMessage): string =>
  `${prefix}.evt.${eventPartition(tenantId)}.${token(tenantId)}.${token(topic)}.${token(streamId)}`

/** What a consumer of these topics and this tenant listens to; no topics means all. */
export const eventFilters = (
  prefix: string,
  topics: ReadonlyArray<string>,
  tenantId: string | undefined
): ReadonlyArray<string> => {
  const of = tenantId === undefined ? "*.*" : `${eventPartition(tenantId)}.${token(tenantId)}`
  const names = topics.length === 0 ? ["*"] : [...new Set(topics)].map(token).sort()
  return names.map((topic) => `${prefix}.evt.${of}.${topic}.*`)
}

/** All of a tenant's events. */
export const eventFilter = (prefix: string, tenantId: string): string =>
  `${prefix}.evt.${eventPartition(tenantId)}.${token(tenantId)}.>`

/** Whose an event is whose contents cannot be read: for the log. */
export const tenantIn = (subject: string): { readonly tenantId?: string } => {
  const tenantId = /\.evt\.\d+\.([^.]+)\./u.exec(subject)?.[1]
  return tenantId === undefined ? {} : { tenantId }
}

/** All of a tenant's alarms. */
export const alarmFilters = (prefix: string, tenantId: string): ReadonlyArray<string> =>
  ["sched", "due"].map((kind) => `${prefix}.${kind}.*.${token(tenantId)}.>`)

/**
 * Where the alarm of a call waits: with the writer of its call; those of a flow all in one process, so that the calls of the flow begin in the
 * order of their due times whoever writes them. Which process that is matters for the order alone: the store counts places.
 */
export const alarmPartition = ({ callId, flow, tenantId }: Alarm): number =>
  partitionOf(tenantId, flow === undefined ? callId : `flow ${flow.key}`)

const alarmPath = (alarm: Alarm): string => `${alarmPartition(alarm)}.${token(alarm.tenantId)}.${token(alarm.callId)}`

/** One for each revision: replacing a schedule in place can lose both while it fires. */
export const scheduleSubject = (prefix: string, alarm: Alarm): string =>
  `${prefix}.sched.${alarmPath(alarm)}.${alarm.revision}`

export const dueSubject = (prefix: string, alarm: Alarm): string => `${prefix}.due.${alarmPath(alarm)}`

/** Everything that comes due in one partition. */
export const dueFilter = (prefix: string, partition: number): string => `${prefix}.due.${partition}.>`

export const watchedSubject = (prefix: string): string => `${prefix}.watched`

export const changesSubject = (prefix: string, tenantId: string): string => `${prefix}.changes.${token(tenantId)}`

export const sparedSubject = (prefix: string): string => `${prefix}.spared`
