/**
 * Every kind of aggregate there is, one entry each. Whatever else would be a list of the kinds follows from here: commands, answers, rows, ids,
 * categories. A kind that has no entry does not compile where one is asked for, and its commands throw before anything is stored.
 */
import { Schema } from "effect"
import type { MakeOperations } from "./api/OperationParts.ts"
import {
  ApiKeyCommand,
  apiKeyFields,
  ApiKeyOutcome,
  ApiKeyRejection,
  type ApiKeyRow,
  apiKeyRules,
  apiKeyTopics
} from "./apiKey/ApiKey.ts"
import { apiKeyOperations } from "./apiKey/ApiKeyEndpoints.ts"
import {
  BinCommand,
  binFields,
  BinOutcome,
  binProblems,
  BinRejection,
  type BinRow,
  binRules,
  binTopics
} from "./bin/Bin.ts"
import { binOperations } from "./bin/BinEndpoints.ts"
import {
  BulkJobCommand,
  bulkJobFields,
  BulkJobOutcome,
  bulkJobProblems,
  BulkJobRejection,
  type BulkJobRow,
  bulkJobRules,
  bulkJobTopics
} from "./bulkJob/BulkJob.ts"
import { bulkJobOperations } from "./bulkJob/BulkJobEndpoints.ts"
import {
  CustomerCommand,
  customerFields,
  CustomerOutcome,
  customerProblems,
  CustomerRejection,
  type CustomerRow,
  customerRules,
  customerTopics
} from "./customer/Customer.ts"
import {
  CourierSourceCommand,
  courierSourceFields,
  CourierSourceOutcome,
  courierSourceProblems,
  CourierSourceRejection,
  type CourierSourceRow,
  courierSourceRules,
  courierSourceTopics
} from "./courierSource/CourierSource.ts"
import { courierSourceOperations } from "./courierSource/CourierSourceEndpoints.ts"
import { customerOperations } from "./customer/CustomerEndpoints.ts"
import type { EpochMillis, StreamId, TenantId } from "./Ids.ts"
import {
  OrderCommand,
  orderFields,
  OrderOutcome,
  orderProblems,
  OrderRejection,
  type OrderRow,
  orderRules
} from "./order/Order.ts"
import {
  IngestionCommand,
  ingestionFields,
  IngestionOutcome,
  ingestionProblems,
  IngestionRejection,
  type IngestionRow,
  ingestionRules,
  ingestionTopics
} from "./ingestion/Ingestion.ts"
import { ingestionOperations } from "./ingestion/IngestionEndpoints.ts"
import { orderOperations } from "./order/OrderEndpoints.ts"
import { orderTopics } from "./order/Topic.ts"
import {
  FlowCommand,
  flowFields,
  FlowOutcome,
  FlowRejection,
  type FlowRow,
  flowRules,
  flowTopics
} from "./flow/Flow.ts"
import { flowOperations } from "./flow/FlowEndpoints.ts"
import {
  PauseCommand,
  pauseFields,
  PauseOutcome,
  pauseProblems,
  PauseRejection,
  type PauseRow,
  pauseRules,
  pauseTopics
} from "./pause/Pause.ts"
import { pauseOperations } from "./pause/PauseEndpoints.ts"
import type { Rules } from "./Rules.ts"
import {
  ScheduleCommand,
  scheduleFields,
  ScheduleOutcome,
  scheduleProblems,
  ScheduleRejection,
  type ScheduleRow,
  scheduleRules
} from "./schedule/Schedule.ts"
import { scheduleOperations } from "./schedule/ScheduleEndpoints.ts"
import { scheduleTopics } from "./schedule/Topic.ts"
import { ServiceCallCommand, ServiceCallOutcome, ServiceCallRejection } from "./serviceCall/Command.ts"
import type { ServiceCallRow } from "./serviceCall/Row.ts"
import { callbackTopics, serviceCallTopics } from "./serviceCall/Topic.ts"
import {
  ShipmentCommand,
  shipmentFields,
  ShipmentOutcome,
  shipmentProblems,
  ShipmentRejection,
  type ShipmentRow,
  shipmentRules,
  shipmentTopics
} from "./shipment/Shipment.ts"
import { shipmentOperations } from "./shipment/ShipmentEndpoints.ts"
import type { Fields } from "./specification/Specification.ts"
import {
  SubscriptionCommand,
  subscriptionFields,
  SubscriptionOutcome,
  subscriptionProblems,
  SubscriptionRejection,
  type SubscriptionRow,
  subscriptionRules
} from "./subscription/Subscription.ts"
import { subscriptionOperations } from "./subscription/SubscriptionEndpoints.ts"
import { subscriptionTopics } from "./subscription/Topic.ts"
import {
  TenantCommand,
  tenantFields,
  TenantOutcome,
  tenantProblems,
  TenantRejection,
  type TenantRow,
  tenantRules,
  tenantTopics
} from "./tenant/Tenant.ts"
import { tenantOperations } from "./tenant/TenantEndpoints.ts"
import type { PublicTopic } from "./topics/topic.ts"

type Tagged = { readonly _tag: string }

/** What every row has. */
interface AnyRow extends Tagged {
  readonly tenantId: TenantId
  readonly version: number
  readonly createdAt: EpochMillis
}

/**
 * `documents`: the store keeps rows of this kind as they are, beside the fields that lists are filtered by, and `OpsQueries` reads them.
 * `columns`: it keeps each part of a row apart, for a kind that is written so often that its bytes count; such a kind has queries and operations of its own.
 */
type Kept<Row> =
  | {
      readonly rows: "documents"
      readonly fields: Fields<Row>
      readonly rules: Rules
      /** Over HTTP. */
      readonly operations: MakeOperations
    }
  | { readonly rows: "columns"; readonly fields: null; readonly rules: null }

type ProblemTable<Status extends number = number> = Readonly<
  Record<string, { readonly status: Status; readonly title: string }>
>

interface Described<Row extends AnyRow, Id extends string> {
  /** The field of commands and rows that holds the aggregate's id, which is also its stream's. */
  readonly id: Id & keyof Row
  /** Of its row: what read models are told apart by. */
  readonly rowTag: Row["_tag"]
  /** How people name many of them: in addresses, tables and flags. */
  readonly plural: string
  /** One case for each command; `cases` holds them by tag. */
  readonly command: Schema.Codec<Tagged & Readonly<Record<Id, string>>, unknown> & {
    readonly cases: Readonly<Record<string, Schema.Constraint>>
  }
  readonly outcome: Schema.Codec<Tagged, unknown>
  readonly rejection: Schema.Union<ReadonlyArray<Schema.Constraint>>
  /** What it tells the outside, by the name of the topic. */
  readonly topics: Readonly<Record<string, PublicTopic>>
  /** How access scopes (`ops:{scope}.read`, `ops:{scope}.write`) and rate classes call it. */
  readonly scope: string
  /** The problem of one that is not there, by its code. */
  readonly missing: ProblemTable<404>
  /** Other problems of this kind alone. */
  readonly problems: ProblemTable
  /** Whether its streams may have an attachment: sealed text beside the history, which can be erased. */
  readonly attachment: boolean
}

type Parts<Row extends AnyRow, Id extends string> = Described<Row, Id> & Kept<Row>

/** `Row` is named, since a read model is written by this program alone and needs no schema; the rest is inferred. */
const kindOf =
  <Row extends AnyRow>() =>
  <const Id extends string, const P extends Parts<Row, Id>>(parts: P & Parts<Row, Id>): P & { readonly Row: Row } =>
    parts as P & { readonly Row: Row }

export const kinds = {
  "service-call": kindOf<ServiceCallRow>()({
    id: "callId",
    rowTag: "ServiceCallRow",
    plural: "service-calls",
    rows: "columns",
    fields: null,
    rules: null,
    command: ServiceCallCommand,
    outcome: ServiceCallOutcome,
    rejection: ServiceCallRejection,
    topics: { ...serviceCallTopics, ...callbackTopics },
    scope: "calls",
    missing: { call_not_found: { status: 404, title: "There is no such service call in this tenant." } },
    problems: {},
    attachment: true
  }),
  customer: kindOf<CustomerRow>()({
    id: "customerId",
    rowTag: "CustomerRow",
    plural: "customers",
    rows: "documents",
    fields: customerFields,
    rules: customerRules,
    command: CustomerCommand,
    outcome: CustomerOutcome,
    rejection: CustomerRejection,
    topics: customerTopics,
    scope: "customers",
    missing: { customer_not_found: { status: 404, title: "There is no such customer in this tenant." } },
    problems: customerProblems,
    operations: customerOperations,
    attachment: true
  }),
  bin: kindOf<BinRow>()({
    id: "binId",
    rowTag: "BinRow",
    plural: "bins",
    rows: "documents",
    fields: binFields,
    rules: binRules,
    command: BinCommand,
    outcome: BinOutcome,
    rejection: BinRejection,
    topics: binTopics,
    scope: "bins",
    missing: { bin_not_found: { status: 404, title: "There is no such bin in this tenant." } },
    problems: binProblems,
    operations: binOperations,
    attachment: false
  }),
  order: kindOf<OrderRow>()({
    id: "orderId",
    rowTag: "OrderRow",
    plural: "orders",
    rows: "documents",
    fields: orderFields,
    rules: orderRules,
    command: OrderCommand,
    outcome: OrderOutcome,
    rejection: OrderRejection,
    topics: orderTopics,
    scope: "orders",
    missing: { order_not_found: { status: 404, title: "There is no such service order in this tenant." } },
    problems: orderProblems,
    operations: orderOperations,
    attachment: false
  }),
  "courier-source": kindOf<CourierSourceRow>()({
    id: "courierSourceId",
    rowTag: "CourierSourceRow",
    plural: "courier-sources",
    rows: "documents",
    fields: courierSourceFields,
    rules: courierSourceRules,
    command: CourierSourceCommand,
    outcome: CourierSourceOutcome,
    rejection: CourierSourceRejection,
    topics: courierSourceTopics,
    scope: "courier-sources",
    missing: { courier_source_not_found: { status: 404, title: "There is no such courier source in this tenant." } },
    problems: courierSourceProblems,
    operations: courierSourceOperations,
    attachment: true
  }),
  ingestion: kindOf<IngestionRow>()({
    id: "ingestionId",
    rowTag: "IngestionRow",
    plural: "ingestions",
    rows: "documents",
    fields: ingestionFields,
    rules: ingestionRules,
    command: IngestionCommand,
    outcome: IngestionOutcome,
    rejection: IngestionRejection,
    topics: ingestionTopics,
    scope: "ingestions",
    missing: { ingestion_not_found: { status: 404, title: "There is no such ingestion in this tenant." } },
    problems: ingestionProblems,
    operations: ingestionOperations,
    attachment: true
  }),
  shipment: kindOf<ShipmentRow>()({
    id: "shipmentId",
    rowTag: "ShipmentRow",
    plural: "shipments",
    rows: "documents",
    fields: shipmentFields,
    rules: shipmentRules,
    command: ShipmentCommand,
    outcome: ShipmentOutcome,
    rejection: ShipmentRejection,
    topics: shipmentTopics,
    scope: "shipments",
    missing: { shipment_not_found: { status: 404, title: "There is no such shipment in this tenant." } },
    problems: shipmentProblems,
    operations: shipmentOperations,
    attachment: false
  }),
  "api-key": kindOf<ApiKeyRow>()({
    id: "apiKeyId",
    rowTag: "ApiKeyRow",
    plural: "api-keys",
    rows: "documents",
    fields: apiKeyFields,
    rules: apiKeyRules,
    command: ApiKeyCommand,
    outcome: ApiKeyOutcome,
    rejection: ApiKeyRejection,
    topics: apiKeyTopics,
    scope: "api-keys",
    missing: { api_key_not_found: { status: 404, title: "There is no such API key in this tenant." } },
    problems: {},
    operations: apiKeyOperations,
    attachment: false
  }),
  tenant: kindOf<TenantRow>()({
    id: "workspaceId",
    rowTag: "TenantRow",
    plural: "tenants",
    rows: "documents",
    fields: tenantFields,
    rules: tenantRules,
    command: TenantCommand,
    outcome: TenantOutcome,
    rejection: TenantRejection,
    topics: tenantTopics,
    scope: "tenants",
    missing: { tenant_not_found: { status: 404, title: "There is no such tenant." } },
    problems: tenantProblems,
    operations: tenantOperations,
    attachment: false
  }),
  "bulk-job": kindOf<BulkJobRow>()({
    id: "bulkJobId",
    rowTag: "BulkJobRow",
    plural: "jobs",
    rows: "documents",
    fields: bulkJobFields,
    rules: bulkJobRules,
    command: BulkJobCommand,
    outcome: BulkJobOutcome,
    rejection: BulkJobRejection,
    topics: bulkJobTopics,
    scope: "jobs",
    missing: { job_not_found: { status: 404, title: "There is no such job in this tenant." } },
    problems: bulkJobProblems,
    operations: bulkJobOperations,
    attachment: false
  }),
  flow: kindOf<FlowRow>()({
    id: "flowId",
    rowTag: "FlowRow",
    plural: "flows",
    rows: "documents",
    fields: flowFields,
    rules: flowRules,
    command: FlowCommand,
    outcome: FlowOutcome,
    rejection: FlowRejection,
    topics: flowTopics,
    scope: "flows",
    missing: { flow_not_found: { status: 404, title: "There is no such flow in this tenant." } },
    problems: {},
    operations: flowOperations,
    attachment: false
  }),
  pause: kindOf<PauseRow>()({
    id: "pauseId",
    rowTag: "PauseRow",
    plural: "pauses",
    rows: "documents",
    fields: pauseFields,
    rules: pauseRules,
    command: PauseCommand,
    outcome: PauseOutcome,
    rejection: PauseRejection,
    topics: pauseTopics,
    scope: "pauses",
    missing: { pause_not_found: { status: 404, title: "There is no such pause in this tenant." } },
    problems: pauseProblems,
    operations: pauseOperations,
    attachment: false
  }),
  schedule: kindOf<ScheduleRow>()({
    id: "scheduleId",
    rowTag: "ScheduleRow",
    plural: "schedules",
    rows: "documents",
    fields: scheduleFields,
    rules: scheduleRules,
    command: ScheduleCommand,
    outcome: ScheduleOutcome,
    rejection: ScheduleRejection,
    topics: scheduleTopics,
    scope: "schedules",
    missing: { schedule_not_found: { status: 404, title: "There is no such schedule in this tenant." } },
    problems: scheduleProblems,
    operations: scheduleOperations,
    attachment: true
  }),
  subscription: kindOf<SubscriptionRow>()({
    id: "subscriptionId",
    rowTag: "SubscriptionRow",
    plural: "subscriptions",
    rows: "documents",
    fields: subscriptionFields,
    rules: subscriptionRules,
    command: SubscriptionCommand,
    outcome: SubscriptionOutcome,
    rejection: SubscriptionRejection,
    topics: subscriptionTopics,
    scope: "subscriptions",
    missing: { subscription_not_found: { status: 404, title: "There is no such subscription in this tenant." } },
    problems: subscriptionProblems,
    operations: subscriptionOperations,
    attachment: true
  })
} as const

type Kinds = typeof kinds

/** The kinds by name, as it stands beside every event. */
export type Category = keyof Kinds
export const categories = Object.keys(kinds) as ReadonlyArray<Category>
export const Category = Schema.Literals(categories)

export type CommandOf<K extends Category> = Kinds[K]["command"]["Type"]
export type RowOf<K extends Category> = Kinds[K]["Row"]
export type IdOf<K extends Category> = {
  readonly [C in Category]: Kinds[C]["Row"][Kinds[C]["id"] & keyof Kinds[C]["Row"]]
}[K]
export type Command = { readonly [K in Category]: CommandOf<K> }[Category]
export type ReadModelRow = { readonly [K in Category]: RowOf<K> }[Category]

/** The kinds whose rows are documents: what `OpsQueries` finds and lists. */
export type OpsCategory = { readonly [K in Category]: Kinds[K]["rows"] extends "documents" ? K : never }[Category]
export const opsCategories = categories.filter(
  (category): category is OpsCategory => kinds[category].rows === "documents"
)

/** What lists of a kind can be filtered by, and rules are about. */
export type FieldOf<K extends OpsCategory> = keyof Kinds[K]["fields"] & string
export const fieldsOf = <K extends OpsCategory>(kind: K): Fields<RowOf<K>> =>
  kinds[kind].fields as unknown as Fields<RowOf<K>>
/** What rows of a kind keep among themselves, and what others may require of them. */
export const rulesOf = <K extends OpsCategory>(kind: K): Kinds[K]["rules"] => kinds[kind].rules

/** What accepted commands of a kind are answered with, and refused ones. */
export type OutcomeOfKind<K extends Category> = Kinds[K]["outcome"]["Type"]
export type RejectionOfKind<K extends Category> = Kinds[K]["rejection"]["Type"]

/** What an accepted command is answered with, and what a refused one: those of the command's kind. */
export type OutcomeOf<C extends Command> = {
  readonly [K in Category]: C extends CommandOf<K> ? Kinds[K]["outcome"]["Type"] : never
}[Category]
export type RejectionOf<C extends Command> = {
  readonly [K in Category]: C extends CommandOf<K> ? Kinds[K]["rejection"]["Type"] : never
}[Category]

type CommandSchemas = ReadonlyArray<Kinds[Category]["command"]>
type OutcomeSchemas = ReadonlyArray<Kinds[Category]["outcome"]>
type RejectionSchemas = ReadonlyArray<Kinds[Category]["rejection"]["members"][number]>

export const Command = Schema.Union(categories.map((category) => kinds[category].command) as CommandSchemas)
export const Outcome = Schema.Union(categories.map((category) => kinds[category].outcome) as OutcomeSchemas)
export const Rejection = Schema.Union(
  categories.flatMap((category): RejectionSchemas => kinds[category].rejection.members)
)

/** Each name once: two kinds that claim the same command or row would be told apart by chance. */
const byName = (names: (category: Category) => ReadonlyArray<string>): ReadonlyMap<string, Category> => {
  const found = new Map<string, Category>()
  for (const category of categories) {
    for (const name of names(category)) {
      if (found.has(name)) throw new Error(`${name} belongs to two kinds: ${found.get(name)} and ${category}`)
      found.set(name, category)
    }
  }
  return found
}

const byCommand = byName((category) => Object.keys(kinds[category].command.cases))
const byRow = byName((category) => [kinds[category].rowTag])

const known = (category: Category | undefined, what: string): Category => {
  if (category === undefined) throw new Error(`${what} belongs to no kind of aggregate`)
  return category
}

/** Throws for a command that no kind has. */
export const categoryOf = ({ _tag }: Command): Category => known(byCommand.get(_tag), `the command ${_tag}`)
/** Throws for a row that no kind has. */
export const categoryOfRow = ({ _tag }: ReadModelRow): Category => known(byRow.get(_tag), `the row ${_tag}`)

const idIn = (category: Category, holder: Command | ReadModelRow): string =>
  (holder as unknown as Readonly<Record<string, string>>)[kinds[category].id] ?? known(undefined, holder._tag)

/** The stream a command is about. All ids have the form of a stream id; checking that again would cost more than deciding. */
export const streamIdOf = (command: Command): StreamId => idIn(categoryOf(command), command) as StreamId
/** The id of the aggregate a row stands for. */
export const rowId = (row: ReadModelRow): string => idIn(categoryOfRow(row), row)

// Tables of single kinds, as one.

type Table<V> = Readonly<Record<string, V>>

/** In their order. Throws for a name that stands in two of them: which entry it means would be left to chance. */
export const joinTables = <V>(tables: ReadonlyArray<Table<V>>): Table<V> => {
  const joined = new Map<string, V>()
  for (const [name, value] of tables.flatMap((table) => Object.entries(table))) {
    if (joined.has(name)) throw new Error(`${name} stands in two tables`)
    joined.set(name, value)
  }
  return Object.fromEntries(joined)
}

/** The type of such a table, from the union of those it is made of. */
export type Joined<T> = {
  readonly [Name in T extends unknown ? keyof T : never]: Extract<T, Readonly<Record<Name, unknown>>>[Name]
}
