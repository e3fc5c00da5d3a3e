/**
 * The negative controls: each switches one mechanism off, or does what that mechanism prevents, and names the checker that must find it.
 * Most keep to the calls whose ids begin with their digit, so that all of them fit into one run. The digit 1 is nobody's. Ids that
 * do not follow from a key begin with 0.
 */
import type { CheckerName } from "./checkers.ts"
import type { Sabotage } from "./Run.ts"
import * as Client from "./sabotage/asClient.ts"
import * as Tables from "./sabotage/inTables.ts"
import * as Stage from "./sabotage/onTheStage.ts"
import * as Wire from "./sabotage/onTheWire.ts"

export interface Control extends Sabotage {
  readonly finds: CheckerName
  /** First digit of the ids of the calls that are touched; null when it is about no call, or all. */
  readonly digit: string | null
}

const control = (digit: string, make: (digit: string) => Sabotage, finds: CheckerName): Control => ({
  ...make(digit),
  digit,
  finds
})

/** Of calls that every control leaves alone. */
export const untouched = "1"

/** Those that can be in one run together. */
export const together: Readonly<Record<string, Control>> = {
  "outbox row lost": control("2", Tables.outboxRowLost, "every end is told, in order"),
  "outbox row stays": control("3", Tables.outboxRowStays, "everything accepted comes to its end"),
  "row not in step": control("4", Tables.rowAstray, "read models equal the log"),
  "alarm forgotten": control("5", Tables.alarmForgotten, "everything accepted comes to its end"),
  "result rewritten": control("6", Tables.resultRewritten, "a result is what the target said to its epoch"),
  "wall between tenants open": control(
    "7",
    (digit) => ({ ...Tables.wallOpen(digit), ...Client.doorTried(digit) }),
    "tenants are apart"
  ),
  "event deleted": control("8", Tables.eventDeleted, "order per aggregate"),
  "result recorded twice": control("9", Tables.resultTwice, "at most one accepted result per call"),
  "call deleted": control("a", Tables.callDeleted, "nothing accepted is lost"),
  "request repeated": control("b", Wire.requestRepeated, "an epoch is sent at most once"),
  "request before its time": control("c", Wire.requestEarly, "never early, never when it is over"),
  "request after a cancel": control("d", Wire.requestAfterCancel, "no request after a cancel was answered"),
  "attempt made twice": control("b", Wire.requestRepeated, "no more requests than attempts"),
  "attempt without a request": control(
    "0",
    (digit) => ({ ...Wire.requestUnsent(digit), ...Client.unsentAhead(digit) }),
    "no call fails without a request"
  ),
  "cancelled while it runs": {
    ...Client.cancelledWhileRunning(untouched),
    ...Tables.cancelledFails(untouched),
    digit: null,
    finds: "a cancelled call does not end as failed"
  },
  "request that nobody asked for": control("e", Wire.requestInvented, "no effect without a submission"),
  "key forgotten": control("f", Client.keyForgotten, "the same key is the same call"),
  "If-Match forgotten": control("b", Client.conditionForgotten, "answers are the documented ones"),
  "places uncounted": {
    ...Tables.placesUncounted,
    ...Client.flowCrowded,
    digit: null,
    finds: "a flow keeps its bounds"
  },
  "pause of something else": {
    ...Tables.pauseAstray,
    ...Client.pausedAll,
    digit: null,
    finds: "nothing starts that a pause holds"
  },
  "release at another rate": {
    ...Tables.releaseHurried,
    ...Client.releasedSlowly,
    digit: null,
    finds: "a release keeps its rate"
  },
  "time of a schedule twice": {
    ...Wire.timeTwice("e"),
    digit: null,
    finds: "every time of a schedule is one call, or left out"
  },
  "message not kept": {
    ...Tables.messageUnkept,
    digit: null,
    finds: "a subscription hears of everything, in order"
  },
  "job item not in step": { ...Tables.jobItemAstray, digit: null, finds: "a job deals with each item once" },
  "order of a payload not in step": {
    ...Tables.payloadAstray,
    digit: null,
    finds: "every payload becomes its order, or fails for a reason"
  },
  "ingestion left unfinished": { ...Tables.ingestionUnfinished, digit: null, finds: "every accepted event ends, once" },
  "product event lost": { ...Tables.productEventLost, digit: null, finds: "every product event is stored once" },
  "product events of others": {
    ...Tables.productEventsSeen,
    digit: null,
    finds: "product events stay with their tenant"
  },
  "process dies": { ...Stage.processDies, digit: null, finds: "processes end in order" },
  "log checked by the program": { ...Tables.eventDeleted("8"), digit: null, finds: "dueline verify agrees" }
}

export const sabotages: Readonly<Record<string, Control>> = {
  ...together,
  "old disk": { ...Stage.oldDisk, digit: null, finds: "nothing accepted is lost" },
  "version fence off": { ...Tables.fenceOff, digit: null, finds: "order per aggregate" }
}

/** All of them at once. */
export const joined = (controls: ReadonlyArray<Sabotage>): Sabotage => ({
  before: async (stage) => {
    for (const { before } of controls) await before?.(stage)
  },
  during: async (run) => void (await Promise.all(controls.map(({ during }) => during?.(run)))),
  atRest: async (run) => {
    for (const { atRest } of controls) await atRest?.(run)
  },
  meddle: (request, draft) => controls.reduce((sent, { meddle }) => meddle?.(sent, draft) ?? sent, request)
})
