/** The negative controls: each switches one mechanism off in worlds where that must show, and says which invariants may show it. */
import * as Callbacks from "./mutations/CallMutations.ts"
import * as Aggregate from "./mutations/AggregateMutations.ts"
import * as Courier from "./mutations/IntakeMutations.ts"
import { type Faults, nothingElse, type Setup } from "./Faults.ts"
import * as Late from "./mutations/LateMutations.ts"
import * as Store from "./mutations/StoreMutations.ts"
import type { Mutation } from "./mutations/Mutation.ts"
import * as Work from "./mutations/WorkMutations.ts"

export interface Control {
  readonly mutation: Mutation
  /** Names of invariants; another one breaking first would mean that something else is being shown. */
  readonly breaks: ReadonlyArray<string>
  readonly faults?: Partial<Faults>
  readonly setup?: Partial<Setup>
  /** The first world that is tried: one of those in which it shows, so that few have to be run. */
  readonly from: number
}

const ends = "everything accepted comes to its end"
const rules = "the log obeys the rules"
const row = "the row equals the fold of the log"
const otherRequest = "another request under a used key is refused"
const reason = "a refusal has a reason"
const told = "an answer says what is in the log"
const held = "an active order has its customer and its bin"
const once = "what is asked once happens once"
const unsent = "what is handed back was never sent"
const keeps = "a worker that is well keeps its calls"
const over = "nothing leaves under an epoch that is over"
const placed = "a shipment is where its events put it"
const inTime = "what is in hand ends before it counts as lost"
const oneOrder = "a payload becomes one order"
const failsRightly = "a payload fails for a reason that there was"
const wholeTime = "a request has its whole time"
const request = "an attempt is a request"
const holds = "nothing starts that a pause holds"
const places = "a flow has its places"
const pendingOne = "of a pending key there is one"
const pendingAsked = "a submission does to a pending key what it says"
const pendingSaid = "an answer says what became of a pending key"
const toldOnce = "an end is told once, to whom its call names"
const nothingAfterCancel = "no request after a cancel was answered"

/** What comes in from elsewhere is there where it is what is shown. */
const control = (
  mutation: Mutation,
  breaks: ReadonlyArray<string>,
  faults: Partial<Faults> = {},
  setup: Partial<Setup> = {},
  from = 1
): Control => ({ mutation, breaks, faults: { blackoutMs: 0, ...faults }, setup: { ...nothingElse, ...setup }, from })

/** Nothing keeps a process from its calls. */
const well: Partial<Faults> = {
  pause: 0,
  crash: 0,
  storeRefuses: 0,
  storeForgetsToAnswer: 0,
  storeActsLate: 0,
  storeSlow: 0,
  outages: 0,
  standstills: 0,
  clockSteps: 0,
  noPlace: 0,
  nameUnanswered: 0,
  intentLost: 0,
  intentLate: 0
}
const calm: Partial<Faults> = { ...well, orderlyStop: 0, requestLost: 0, answerLost: 0, commandLate: 0 }
/** Processes stand still and go on, some of them for longer than anybody believes in them. */
const frozen: Partial<Faults> = { ...calm, pause: 0.01 }
const two: Partial<Setup> = { processes: 2 }
/** Much is under way, and looked after closely. */
const lively: Partial<Setup> = {
  ...two,
  capacity: 32,
  clients: 3,
  actionsPerClient: 20,
  activeMs: 60_000,
  sweepEveryMs: 500
}

/** Targets are away often, and circuits quick to open. */
const away: Partial<Faults> = { targetOutages: 3, wireFails: 0.4 }
const touchy: Partial<Setup> = { circuitFailures: 1, circuitOpenMs: 500 }
/** Many keep the same customers, bins and orders. */
const keepers: Partial<Setup> = { opsClients: 3, actionsPerClient: 20 }
/** Little is remembered, so that what is kept is read again. */
const forgetful: Partial<Setup> = { ...keepers, cacheLimit: 1, snapshotEvery: 3 }
/** Many events come in. */
const couriers: Partial<Setup> = { couriers: 2, actionsPerClient: 20 }
/** And are taken over with their commits. */
const inHand: Partial<Setup> = { ...couriers, processes: 1, directEvents: true }
/** Many payloads come in. */
const droppers: Partial<Setup> = { droppers: 2, opsClients: 1, actionsPerClient: 20 }
const schedulers: Partial<Setup> = { ...two, schedulers: 2, clients: 1, opsClients: 0 }
const pausers: Partial<Setup> = { pausers: 2, clients: 3, actionsPerClient: 20, capacity: 32 }
const subscribers: Partial<Setup> = { subscribers: 2, opsClients: 1, capacity: 32, disableAfterMs: 259_200_000 }
const operators: Partial<Setup> = { operators: 2, clients: 3, actionsPerClient: 20, capacity: 32, opsClients: 0 }
const reporters: Partial<Setup> = { reporters: 2, clients: 1, actionsPerClient: 20, opsClients: 0 }
const callbacks: Partial<Setup> = { told: true, clients: 3, actionsPerClient: 20, capacity: 32, opsClients: 0 }
/** Attempts wait for the only slot. */
const busy: Partial<Setup> = { capacity: 1, overbooked: 4, clients: 3, actionsPerClient: 20, activeMs: 20_000 }

const products: Partial<Setup> = { products: 3, clients: 1, actionsPerClient: 20, opsClients: 0 }

/** Worlds that may pass before the missing mechanism is missed. */
export const patience = 120

export const controls: Readonly<Record<string, Control>> = {
  "receipts ignored": control(
    Store.receiptsIgnored,
    ["the same key has the same answer", "nobody is answered by a defect", otherRequest],
    {},
    {},
    32
  ),
  "version fence off": control(Store.versionFenceOff, [rules, row], { commandRepeated: 0.3 }, two),
  "outbox row lost": control(Store.outboxRowLost, ["an outbox row for each fact that is told"]),
  "row not updated": control(Store.rowNotUpdated, [row]),
  "sealed request kept": control(Store.sealKept, ["the sealed request is kept while needed and no longer"]),
  "acknowledged before durable": control(Store.acknowledgedBeforeDurable, [
    "what was answered is durable",
    "no effect without a submission",
    // The start of an attempt that was answered and lost in a crash.
    "an attempt is made by the worker that started it",
    rules,
    row,
    ends
  ]),
  // A call that goes on by a result of another attempt may overtake the attempt that still waits to be sent.
  "epoch ignored": control(
    Aggregate.epochIgnored,
    ["a result belongs to its epoch", "epochs strictly grow", unsent, wholeTime],
    { ...frozen, pause: 0.015, targetFails: 0, wireFails: 0, targetSlow: 1, targetOutages: 0 },
    lively,
    2
  ),
  "attempts unbounded": control(Aggregate.attemptsUnbounded, [rules], { targetFails: 0.4 }, {}, 3),
  "a cancelled call runs": control(Aggregate.cancelledRuns, [rules], {}, {}, 5),
  "a stale alarm fires": control(
    Aggregate.staleRevisionFires,
    [rules, "never early"],
    {
      alarmRepeated: 0.5,
      commandRepeated: 0.5
    },
    {},
    3
  ),
  "an attempt does not wait for its time": control(Work.attemptNotHeld, ["never early"]),
  "If-Match ignored": control(Aggregate.ifMatchIgnored, ["If-Match is honoured"], {}, {}, 10),
  "fingerprint ignored": control(Aggregate.fingerprintIgnored, [otherRequest]),
  "cancel only answered": control(Aggregate.cancelOnlyAnswered, [nothingAfterCancel], {}, {}, 5),
  "a hand-back uses up an attempt": control(Aggregate.handBackCounts, [rules, row], away, touchy),
  "a hand-back keeps the epoch": control(Aggregate.handBackKeepsEpoch, [rules, row], away, touchy),
  "a late hand-back is taken": control(
    Aggregate.lateHandBackTaken,
    // Each time it is taken the next attempt waits longer.
    [unsent, rules, ends],
    { ...well, ...away, commandRepeated: 1, nameUnanswered: 0.3, noPlace: 0.3, targetSlow: 0.6 },
    { ...busy, ...touchy },
    171
  ),
  "a hand-back forgets a cancel": control(
    Aggregate.handBackForgetsCancel,
    [rules],
    // Between an executor's refusal and the commit of it lies time enough for a cancel.
    { ...well, ...away, targetSlow: 0.5, storeSlow: 0.3 },
    { ...busy, ...touchy },
    140
  ),
  "a refused attempt is made": control(Work.refusedAndMade, [unsent, rules, nothingAfterCancel], well),
  "watchdog off": control(Work.watchdogOff, [ends], { crash: 0.02 }),
  "sweep off": control(Work.sweepOff, [ends], { crash: 0.02, intentLost: 0.2 }),
  "heartbeat off": control(Work.heartbeatOff, [keeps, ends], { ...well, targetSlow: 0.5 }),
  "lease ignored": control(
    Work.leaseIgnored,
    // Who does not hear that an attempt is not its own any more does not say either that nothing of it has left.
    ["epochs strictly grow", over, unsent, rules, nothingAfterCancel, request],
    { ...frozen, targetSlow: 0.6, noPlace: 0.3 },
    lively,
    30
  ),
  "sent unasked": control(
    Work.sentUnasked,
    [unsent, over, nothingAfterCancel, "epochs strictly grow"],
    { ...frozen, noPlace: 0.6 },
    lively
  ),
  "one clock": control(
    Work.oneClock,
    [keeps, wholeTime],
    { ...well, clockSteps: 12, targetSlow: 0.8, noPlace: 0.3 },
    {},
    13
  ),
  "a hand-back is a failure": control(Aggregate.handBackIsFailure, [request], { noPlace: 0.3, nameUnanswered: 0.3 }),
  "told to nobody": control(Work.toldNobody, [ends]),
  "told whenever": control(
    Work.toldWhenever,
    ["messages of a stream come in order"],
    { ...well, targetFails: 0.6 },
    {},
    2
  ),
  "windows may overlap": control(Store.windowsUnkept, ["windows of a bin never overlap"], {}, keepers, 2),
  "serial numbers may be shared": control(Store.serialsUnkept, ["serial numbers are unique"], {}, keepers),
  "nobody looks at the others": control(Store.requirementsDropped, [held, reason], {}, keepers),
  "profile kept": control(Store.profileKept, ["an erased customer has no profile"], {}, keepers),
  // What another call has come to is taken for this one's end, which then never comes.
  "a snapshot of another is read": control(Store.snapshotOfAnother, [rules, row, reason, told, ends], {}, forgetful),
  "a snapshot skips an event": control(Store.snapshotSkipsEvent, [rules, row, reason, told], {}, forgetful),
  "a repeat is not recognised": control(Store.repeatsForgotten, [once], { commandRepeated: 0.6 }, forgetful, 35),
  "the event that came last wins": control(Courier.latestComerWins, [placed, once], {}, couriers, 6),
  "a failed event is acknowledged": control(Courier.acknowledgedFirst, [ends], { storeRefuses: 0.3 }, couriers),
  "an event leaves no trace": control(
    Courier.shipmentsForgotten,
    ["a completed event was carried out", placed],
    {},
    couriers
  ),
  "what is not ended is not looked for": control(Courier.unendedUnlooked, [ends, inTime], { crash: 0.02 }, inHand),
  "an event is taken before its commit": control(
    Courier.takenBeforeCommit,
    ["no effect without a submission"],
    { storeRefuses: 0.3 },
    inHand
  ),
  "a place stays kept": control(Courier.placesKept, [ends], { ...well, storeRefuses: 0.3 }, inHand),
  "what is taken over is put down": control(Courier.takenAndForgotten, [inTime], well, inHand),
  "a payload's digest is not looked at": control(Courier.digestOfTheBeginning, [oneOrder, failsRightly], {}, droppers),
  "each look makes an order": control(Courier.orderOfEachLook, [oneOrder, rules], { crash: 0.02 }, droppers),
  "nobody looks for payloads": control(Courier.payloadsUnlooked, [ends], { crash: 0.02 }, droppers, 3),
  "a firing is heard twice": control(Late.firedTwice, [rules], { pause: 0.03, commandRepeated: 0.5 }, schedulers, 5),
  "what was fired is forgotten": control(Late.firingsForgotten, [ends], { crash: 0.02, storeRefuses: 0.2 }, schedulers),
  "a firing is stored without its call": control(Late.storedWithoutCall, [row], well, { ...schedulers, processes: 1 }),
  "a call before is not looked at": control(Late.overlapUnseen, [rules], { targetSlow: 0.8 }, schedulers),
  "pauses are not read": control(Late.pausesUnread, [holds], well, pausers),
  "a direct start goes past pauses": control(Work.directPastPauses, [holds, places], well, pausers, 13),
  "released at once": control(Late.releasedAtOnce, ["a release keeps its rate"], well, pausers, 13),
  "places for all": control(
    Late.placesForAll,
    [places, "a flow keeps its rate"],
    { ...well, targetSlow: 0.6 },
    pausers
  ),
  "places are given back early": control(Late.placesGivenBack, [places], { ...well, targetSlow: 0.6 }, pausers),
  "delivered in any order": control(
    Late.deliveredInAnyOrder,
    ["messages of an aggregate are delivered in order"],
    { targetFails: 0.5 },
    subscribers,
    2
  ),
  "messages are for nobody": control(Late.messagesUnsorted, [ends], {}, subscribers),
  "a job ignores versions": control(
    Late.jobVersionsIgnored,
    [rules],
    { ...well, storeSlow: 0.5, targetFails: 0.5 },
    operators,
    7
  ),
  "items are claimed anew": control(
    Late.itemsClaimedAnew,
    [rules, ends],
    { crash: 0.02, storeRefuses: 0.1 },
    operators,
    16
  ),
  "a pending call is overlooked": control(Callbacks.pendingOverlooked, [pendingOne], well, reporters),
  "the longest wait is forgotten": control(
    Callbacks.longestWaitForgotten,
    [pendingAsked, pendingSaid],
    well,
    reporters
  ),
  "a pending call is always kept": control(Callbacks.alwaysKept, [pendingSaid], well, reporters),
  "a call that has begun is replaced": control(
    Callbacks.begunIsReplaced,
    [rules, pendingSaid],
    { ...well, noPlace: 0.6, nameUnanswered: 0.3 },
    reporters
  ),
  "the request of before is sent": control(
    Callbacks.oldRequestSent,
    ["what leaves is what was put last"],
    well,
    reporters
  ),
  "ends are told to nobody": control(Callbacks.endsUnsaid, [rules], {}, callbacks, 11),
  "an attempt is told as an end": control(Callbacks.failuresTold, [rules], { targetFails: 0.5 }, callbacks, 3),
  "what is to be told is put aside": control(Callbacks.callbacksPutAside, [ends], {}, callbacks),
  "each look tells an end": control(
    Callbacks.callbackOfEachLook,
    [toldOnce],
    { crash: 0.02, storeRefuses: 0.2 },
    callbacks,
    3
  ),
  "success is told of all": control(
    Callbacks.successTold,
    ["a callback says what has ended"],
    { targetFails: 0.5 },
    callbacks
  ),
  "callbacks are not signed": control(Callbacks.unsigned, ["a callback is signed"], {}, callbacks),
  "event ids are not looked at": control(Courier.eventIdsUnknown, ["an event id is stored once"], {}, products),
  "a report is stored in half": control(Courier.storedInHalf, ["a report is stored whole or not at all"], {}, products),
  "a report is taken for another's": control(
    Courier.workspaceMistaken,
    ["a reported event is stored as it was sent"],
    {},
    products
  ),
  "a report is answered before it is stored": control(
    Courier.answeredBeforeDurable,
    ["an answer says what is stored"],
    {},
    products
  ),
  "answers of a group go astray": control(Courier.answersGoAstray, ["an answer says what is stored"], {}, products),
  "Retry-After ignored": control(Work.retryAfterIgnored, ["Retry-After is honoured"], { targetFails: 0.5 }, {}, 23)
}
