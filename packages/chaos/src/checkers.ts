/** All checkers by the sentence that each one holds, and the judgement of a whole history. */
import { knownAnswers, oneAnswer } from "./checks/answers.ts"
import { attemptsBounded, sentOnce, trueResults } from "./checks/attempts.ts"
import { cancelledEnds, silenceAfterCancel } from "./checks/cancellation.ts"
import { chargedUnsent } from "./checks/chargedUnsent.ts"
import { courierEventsEnd } from "./checks/courierEvents.ts"
import { flowsKeepTheirBounds } from "./checks/flows.ts"
import { inItsTime } from "./checks/inItsTime.ts"
import { jobsDealOnce } from "./checks/jobs.ts"
import { lawfulLogs, oneResult } from "./checks/logs.ts"
import { messagesInOrder } from "./checks/messagesInOrder.ts"
import { pausesHold } from "./checks/pauses.ts"
import { payloadsBecomeOrders } from "./checks/payloads.ts"
import { productEventsApart, productEventsStored } from "./checks/productEvents.ts"
import { readModels } from "./checks/readModels.ts"
import { releasesKeepTheirRate } from "./checks/releases.ts"
import { everythingEnds, orderlyEnds, ownVerdict } from "./checks/rest.ts"
import { schedulesFire } from "./checks/schedules.ts"
import { nothingLost, nothingUnasked } from "./checks/submissions.ts"
import { subscriptionsHear } from "./checks/subscriptions.ts"
import { tenantsApart } from "./checks/tenantsApart.ts"
import { type Check, Evidence, type Found } from "./Evidence.ts"
import type { History } from "./History.ts"

export const checkers = {
  "nothing accepted is lost": nothingLost,
  "no effect without a submission": nothingUnasked,
  "at most one accepted result per call": oneResult,
  "a result is what the target said to its epoch": trueResults,
  "an epoch is sent at most once": sentOnce,
  "no request after a cancel was answered": silenceAfterCancel,
  "no more requests than attempts": attemptsBounded,
  "no call fails without a request": chargedUnsent,
  "a cancelled call does not end as failed": cancelledEnds,
  "never early, never when it is over": inItsTime,
  "a flow keeps its bounds": flowsKeepTheirBounds,
  "nothing starts that a pause holds": pausesHold,
  "a release keeps its rate": releasesKeepTheirRate,
  "every time of a schedule is one call, or left out": schedulesFire,
  "a subscription hears of everything, in order": subscriptionsHear,
  "a job deals with each item once": jobsDealOnce,
  "every payload becomes its order, or fails for a reason": payloadsBecomeOrders,
  "the same key is the same call": oneAnswer,
  "answers are the documented ones": knownAnswers,
  "order per aggregate": lawfulLogs,
  "every end is told, in order": messagesInOrder,
  "read models equal the log": readModels,
  "tenants are apart": tenantsApart,
  "everything accepted comes to its end": everythingEnds,
  "every accepted event ends, once": courierEventsEnd,
  "every product event is stored once": productEventsStored,
  "product events stay with their tenant": productEventsApart,
  "processes end in order": orderlyEnds,
  "dueline verify agrees": ownVerdict
} as const satisfies Readonly<Record<string, Check>>

export type CheckerName = keyof typeof checkers

export interface Finding extends Found {
  readonly checker: CheckerName
}

/** Empty when nothing is wrong. */
export const judge = (history: History): ReadonlyArray<Finding> => {
  const evidence = new Evidence(history)
  return (Object.keys(checkers) as ReadonlyArray<CheckerName>).flatMap((checker) =>
    ask(checkers[checker], evidence).map((found) => ({ checker, ...found }))
  )
}

/** What is so wrong that it cannot even be read is found too. */
const ask = (check: Check, evidence: Evidence): ReadonlyArray<Found> => {
  try {
    return check(evidence)
  } catch (cause) {
    return [{ callId: null, detail: `it cannot be judged: ${String(cause).slice(0, 500)}` }]
  }
}
