/** The negative controls: each switches one mechanism off in worlds where that must show, and says which invariants may show it. */
import * as Aggregate from "./AggregateMutations.ts"
import type { Faults, Setup } from "./Faults.ts"
import type { Mutation } from "./Mutation.ts"
import * as Store from "./StoreMutations.ts"
import * as Work from "./WorkMutations.ts"

export interface Control {
  readonly mutation: Mutation
  /** Names of invariants; another one breaking first would mean that something else is being shown. */
  readonly breaks: ReadonlyArray<string>
  readonly faults?: Partial<Faults>
  readonly setup?: Partial<Setup>
}

const ends = "everything accepted comes to its end"
const rules = "the log obeys the rules"
const row = "the row equals the fold of the log"
const sameKey = "the same key has the same answer"
const once = "epochs strictly grow"
const wellFed: Partial<Faults> = {
  pause: 0, crash: 0, storeRefuses: 0, storeForgetsToAnswer: 0, storeActsLate: 0, storeSlow: 0, outages: 0, intentLost: 0, intentLate: 0
}

export const controls: Readonly<Record<string, Control>> = {
  "receipts ignored": { mutation: Store.receiptsIgnored, breaks: [sameKey, "nobody is answered by a defect", "another request under a used key is refused"] },
  "version fence off": { mutation: Store.versionFenceOff, breaks: [rules, row], setup: { processes: 2 }, faults: { commandRepeated: 0.3 } },
  "outbox row lost": { mutation: Store.outboxRowLost, breaks: ["an outbox row for each end of a call"] },
  "row not updated": { mutation: Store.rowNotUpdated, breaks: [row] },
  "sealed request kept": { mutation: Store.sealKept, breaks: ["the sealed request is kept while needed and no longer"] },
  "acknowledged before durable": { mutation: Store.acknowledgedBeforeDurable, breaks: ["what was answered is durable", rules, row, ends, "no effect without a submission"] },
  "epoch ignored": { mutation: Aggregate.epochIgnored, breaks: ["a result belongs to its epoch"], faults: { commandRepeated: 0.3, targetFails: 0.5 } },
  "attempts unbounded": { mutation: Aggregate.attemptsUnbounded, breaks: [rules], faults: { targetFails: 0.4 } },
  "a cancelled call runs": { mutation: Aggregate.cancelledRuns, breaks: [rules] },
  "a stale alarm fires": { mutation: Aggregate.staleRevisionFires, breaks: [rules, "never early"], faults: { alarmRepeated: 0.3, commandRepeated: 0.3 } },
  "alarms ring early": { mutation: Aggregate.alarmsEarly, breaks: ["never early"] },
  "If-Match ignored": { mutation: Aggregate.ifMatchIgnored, breaks: ["If-Match is honoured"] },
  "fingerprint ignored": { mutation: Aggregate.fingerprintIgnored, breaks: ["another request under a used key is refused"] },
  "cancel only answered": { mutation: Aggregate.cancelOnlyAnswered, breaks: ["no request after a cancel was answered"] },
  "watchdog off": { mutation: Work.watchdogOff, breaks: [ends], faults: { crash: 0.02 } },
  "sweep off": { mutation: Work.sweepOff, breaks: [ends], faults: { crash: 0.02, intentLost: 0.2 } },
  "heartbeat off": { mutation: Work.heartbeatOff, breaks: ["a worker that is well keeps its calls"], faults: { ...wellFed, targetSlow: 0.5 } },
  "lease ignored": { mutation: Work.leaseIgnored, breaks: [once, "nothing leaves past its deadline", "no request after a cancel was answered"], faults: { pause: 0.03 }, setup: { processes: 2 } },
  "told to nobody": { mutation: Work.toldNobody, breaks: [ends] },
  "told whenever": { mutation: Work.toldWhenever, breaks: ["messages of a call come in order"], faults: { targetFails: 0.6, consumerFails: 0.4 } },
  "Retry-After ignored": { mutation: Work.retryAfterIgnored, breaks: ["Retry-After is honoured"], faults: { targetFails: 0.5 } }
}
