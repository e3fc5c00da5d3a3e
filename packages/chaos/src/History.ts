/**
 * What one run saw, as plain JSON: what clients asked and heard, what arrived at the targets, what the store and the API said at the end,
 * what the bus told. The checkers judge this value and nothing else, so a run can be kept in a file and judged again. All times are
 * epoch milliseconds of this machine's clock, which every process of a run shares.
 */
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import type { EventFacts, IngestionStatus } from "@dueline/contracts/ingestion/Ingestion"
import type { ServiceCallStatus } from "@dueline/contracts/serviceCall/Command"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import type { ShipmentFacts } from "@dueline/contracts/shipment/Shipment"
import type { Asked } from "./Asked.ts"
import type { FlowName } from "./Drafts.ts"
import { closeSync, openSync, readFileSync, writeSync } from "node:fs"

interface Tenant {
  readonly name: string
  readonly id: string
}

export interface Answer {
  readonly status: number
  /** The code of a refusal. */
  readonly code: string | null
  readonly callId: string | null
  readonly version: number | null
  readonly callStatus: ServiceCallStatus | null
  readonly dueAt: number | null
}

/** `repeat`: a submission that was answered is sent again, byte for byte. `foreign`: a tenant asks for another one's call. */
export type OperationKind = "submit" | "repeat" | "cancel" | "reschedule" | "rerun" | "read" | "foreign"

/** What a submission let its call and its target do. */
export interface Wish {
  readonly maxAttempts: number
  /** Whether a target listens at the address; false when connections to it are refused, by plan. */
  readonly reachable: boolean
  /** Which flow it belongs to. */
  readonly flow: FlowName | null
  /** The tag beside that of its tenant. */
  readonly hue: string | null
  /** Origin; null where no target listens. */
  readonly target: string | null
}

export interface Operation {
  readonly kind: OperationKind
  /** Name of the tenant who asks. */
  readonly tenant: string
  /** Idempotency key; the same in all tries, and in a repeat that of the submission. Null where nothing is written. */
  readonly key: string | null
  /** What it is about; null for a submission. */
  readonly callId: string | null
  /** Milliseconds from now, asked for by a submission. */
  readonly delayMs: number | null
  /** Of a submission; null for everything else. */
  readonly wish: Wish | null
  /** `Prefer: wait`: the answer may be the whole call. */
  readonly waits: boolean
  /** The latest version of the call that any client had heard of before this was asked. */
  readonly knownVersion: number
  /** Start of the first try. */
  readonly invokedAt: number
  /** Null, as the answer, when it was never answered: whether it was done is not known. */
  readonly completedAt: number | null
  readonly tries: number
  readonly answer: Answer | null
}

/** One request at a target. */
export interface Arrival {
  readonly at: number
  /** From the path that the submission named. */
  readonly tenant: string
  readonly key: string
  readonly callId: string
  readonly epoch: number
  readonly attempt: number
  /** Names of the headers that sign it. */
  readonly signed: ReadonlyArray<string>
  /** Status that was answered, null when the connection was gone or was cut. */
  readonly answered: number | null
  readonly endedAt: number | null
  /** Of a message of a subscription, as it is signed; null for other calls. */
  readonly hook: {
    readonly id: string
    readonly timestamp: string
    readonly signature: string
    readonly body: string
  } | null
}

/** One aggregate of another kind as its log has it. */
export interface StoredStream {
  readonly kind: "schedule" | "pause" | "subscription" | "bulk-job"
  readonly tenantId: string
  readonly id: string
  readonly events: ReadonlyArray<Pick<RecordedEvent, "eventId" | "payload" | "recordedAt" | "version">>
}

/** One item of a bulk job; `outcome` is null when it was claimed and not dealt with. */
export interface StoredJobItem {
  readonly jobId: string
  readonly itemId: string
  readonly outcome: string | null
}

/** What a delivery to a subscription makes. */
export interface StoredDelivery {
  readonly callId: string
}

/** One payload of the drop-bin. */
export interface StoredPayload {
  readonly tenantId: string
  readonly id: string
  readonly status: string
  readonly orderId: string | null
  /** Why it failed. */
  readonly code: string | null
}

/** Window in epoch milliseconds. */
export interface StoredOrder {
  readonly id: string
  readonly binId: string
  readonly from: number
  readonly to: number
}

/** One call as the tables have it. */
export interface StoredCall {
  readonly tenantId: string
  readonly callId: string
  readonly events: ReadonlyArray<RecordedEvent>
  readonly row: ServiceCallRow | null
}

/** One call as a list of the API has it. */
export interface Listed {
  readonly tenant: string
  readonly callId: string
  readonly status: ServiceCallStatus
  readonly version: number
}

/** One call as its own pages of the API have it; read for some of them. */
export interface Reading {
  readonly tenant: string
  readonly callId: string
  readonly status: number
  readonly version: number | null
  readonly epoch: number | null
  readonly eventIds: ReadonlyArray<string>
}

/** One request of a courier, with all its tries. */
export interface Report {
  /** Name of the tenant that the courier works for. */
  readonly tenant: string
  readonly event: EventFacts
  readonly tries: number
  /** Null when it was never answered: whether it was taken in is not known. */
  readonly status: number | null
  /** Null unless it was answered with 202. */
  readonly ingestionId: string | null
}

/** One event that was taken in, as the tables have it. */
export interface StoredIngestion {
  readonly tenantId: string
  readonly id: string
  readonly eventId: string
  readonly status: IngestionStatus
}

export interface StoredShipment extends Pick<ShipmentFacts, "trackingReference" | "status" | "statusAt" | "orderId"> {
  readonly tenantId: string
}

/** One request of a product, with all its tries. */
export interface ProductReport {
  /** Name of the tenant whose product it is. */
  readonly tenant: string
  readonly eventIds: ReadonlyArray<string>
  readonly tries: number
  /** Null when it was never answered: whether anything was stored is not known. */
  readonly status: number | null
  /** For each event, in their order; none unless it was answered with 200. */
  readonly results: ReadonlyArray<{ readonly eventId: string; readonly status: string }>
}

/** One product event, as the tables have it. */
export interface StoredProductEvent {
  readonly tenantId: string
  readonly eventId: string
  /** Name of the tenant whose it is, by what it holds. */
  readonly of: string | null
}

/** One as a list of the API has it. */
export interface ListedProductEvent {
  /** Name of the tenant that asked. */
  readonly tenant: string
  readonly eventId: string
  readonly of: string | null
}

/** One message of the bus about a call, in the order of their coming. */
export interface Told {
  readonly at: number
  readonly eventId: string
  readonly tenantId: string
  readonly callId: string
  readonly topic: string
}

/** One fault that was done, or the end of a process that nobody had asked for (`collapse`). */
export interface Incident {
  readonly kind: string
  readonly victim: string
  readonly from: number
  readonly to: number
  readonly note: string
  /** By how much the victim's wall clock was off meanwhile, in milliseconds; positive is ahead of this machine's. */
  readonly clockMs?: number
}

/** How a process ended that was asked to. */
export interface Exit {
  readonly victim: string
  /** Null when a signal ended it. */
  readonly code: number | null
  /** When it was asked to. */
  readonly at: number
  readonly tookMs: number
}

export interface History {
  readonly seed: number
  readonly cast: string
  readonly tenants: ReadonlyArray<Tenant>
  readonly operations: ReadonlyArray<Operation>
  readonly asked: ReadonlyArray<Asked>
  readonly arrivals: ReadonlyArray<Arrival>
  readonly stored: ReadonlyArray<StoredCall>
  readonly listed: ReadonlyArray<Listed>
  readonly readings: ReadonlyArray<Reading>
  readonly reports: ReadonlyArray<Report>
  readonly ingestions: ReadonlyArray<StoredIngestion>
  readonly shipments: ReadonlyArray<StoredShipment>
  readonly productReports: ReadonlyArray<ProductReport>
  readonly productEvents: ReadonlyArray<StoredProductEvent>
  readonly listedProductEvents: ReadonlyArray<ListedProductEvent>
  readonly streams: ReadonlyArray<StoredStream>
  readonly deliveries: ReadonlyArray<StoredDelivery>
  readonly jobItems: ReadonlyArray<StoredJobItem>
  readonly payloads: ReadonlyArray<StoredPayload>
  readonly orders: ReadonlyArray<StoredOrder>
  /** Null where there is no bus that another process could hear. */
  readonly told: ReadonlyArray<Told> | null
  /** Event ids of messages that nobody has sent. */
  readonly outbox: ReadonlyArray<string>
  readonly deadLetters: ReadonlyArray<string>
  readonly incidents: ReadonlyArray<Incident>
  readonly exits: ReadonlyArray<Exit>
  readonly verify: { readonly code: number | null; readonly output: string }
}

const lists = [
  "operations",
  "asked",
  "arrivals",
  "stored",
  "listed",
  "readings",
  "reports",
  "ingestions",
  "shipments",
  "productReports",
  "productEvents",
  "listedProductEvents",
  "streams",
  "deliveries",
  "jobItems",
  "payloads",
  "orders",
  "told",
  "incidents"
] as const
type ListName = (typeof lists)[number]

/** Keeps a history in a file, one item a line, so that long ones can be written and searched; and reads it again. */
export const writeHistory = (file: string, history: History): void => {
  const output = openSync(file, "w")
  const write = (kind: string, value: unknown) => void writeSync(output, `${JSON.stringify([kind, value])}\n`)
  const isListed = (name: string): name is ListName => (lists as ReadonlyArray<string>).includes(name)
  const rest = Object.entries(history).filter(([name]) => !isListed(name))
  write("run", { ...Object.fromEntries(rest), hears: history.told !== null })
  for (const name of lists) for (const item of history[name] ?? []) write(name, item)
  closeSync(output)
}

export const readHistory = (file: string): History => {
  const items = Object.fromEntries(lists.map((name) => [name, new Array<unknown>()]))
  let run: Readonly<Record<string, unknown>> = {}
  for (const line of readFileSync(file, "utf8").split("\n")) {
    if (line === "") continue
    const [kind, value] = JSON.parse(line) as [string, Readonly<Record<string, unknown>>]
    if (kind === "run") run = value
    else items[kind]?.push(value)
  }
  const { hears, ...rest } = run
  return { ...rest, ...items, told: hears === true ? items["told"] : null } as unknown as History
}
