/** What leaves the system in random lives is what its topics say, and every topic is heard of. */
import { assert, describe, it } from "@effect/vitest"
import type { OutboxMessage } from "@dueline/contracts/ports/Persistence"
import { type Topic, topicNames, topics } from "@dueline/contracts/topics/topics"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { Schema } from "effect"
import { afterAll } from "vitest"
import { Bin } from "../src/aggregates/Bin.ts"
import { CourierSource } from "../src/aggregates/CourierSource.ts"
import { Customer } from "../src/aggregates/Customer.ts"
import type { Aggregate, Command, Tagged } from "../src/engine/Aggregate.ts"
import { Ingestion } from "../src/aggregates/Ingestion.ts"
import { ApiKey } from "../src/aggregates/ApiKey.ts"
import { BulkJob } from "../src/aggregates/BulkJob.ts"
import { Flow } from "../src/aggregates/Flow.ts"
import { Pause } from "../src/aggregates/Pause.ts"
import { Schedule } from "../src/aggregates/Schedule.ts"
import { ServiceCall } from "../src/aggregates/service-call/ServiceCall.ts"
import { Subscription } from "../src/aggregates/Subscription.ts"
import { Shipment } from "../src/aggregates/Shipment.ts"
import { Order } from "../src/aggregates/Order.ts"
import { AggregateUnderTest } from "./AggregateUnderTest.ts"
import * as ApiKeySteps from "./ApiKeySteps.ts"
import * as BulkJobSteps from "./BulkJobSteps.ts"
import * as CallSteps from "./CallSteps.ts"
import { envelope } from "./FieldSample.ts"
import * as FieldSteps from "./FieldSteps.ts"
import * as IngestionSteps from "./IngestionSteps.ts"
import { Tenant } from "../src/aggregates/Tenant.ts"
import * as TenantSteps from "./TenantSteps.ts"
import * as FlowSteps from "./FlowSteps.ts"
import * as PauseSteps from "./PauseSteps.ts"
import * as ScheduleSteps from "./ScheduleSteps.ts"
import * as Call from "./ServiceCallSample.ts"
import * as SubscriptionSteps from "./SubscriptionSteps.ts"

/** Said by the store when nothing of a tenant is left; its test holds it to its form. */
const heard = new Set<string>(["ops.tenant.deleted"])

/** Fields that the schema does not name are as wrong as those that are missing. */
const strict = { onExcessProperty: "error", errors: "all" } as const

const judge = (messages: ReadonlyArray<OutboxMessage>) => {
  for (const { payload, topic } of messages) {
    heard.add(topic)
    assert.include<string>(topicNames, topic)
    const { schema, version } = topics[topic as Topic]
    const carried: unknown = JSON.parse(JSON.stringify(payload))
    assert.deepStrictEqual(Schema.decodeUnknownSync(schema, strict)(carried), carried)
    assert.strictEqual((carried as { readonly schemaVersion?: number }).schemaVersion, version)
  }
}

const said = (turns: ReadonlyArray<{ readonly commit: { readonly outbox: ReadonlyArray<OutboxMessage> } | null }>) =>
  turns.flatMap(({ commit }) => commit?.outbox ?? [])

const life = <C extends Command & Parameters<typeof envelope>[0], S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  commands: ReadonlyArray<C>
) => {
  const on = new AggregateUnderTest(aggregate, (command) => envelope(command))
  for (const command of commands) on.ask(command)
  return said(on.turns)
}

const runs = { arbitrary: { ...propertyRuns, size: 100 } }

describe("messages in the form of their topic come", () => {
  it.prop(
    "from tenants",
    { story: TenantSteps.TenantStory },
    ({ story }) => judge(life(Tenant, TenantSteps.tenantCommands(story))),
    runs
  )

  it.prop(
    "from customers",
    { story: FieldSteps.CustomerStory },
    ({ story }) => judge(life(Customer, FieldSteps.customerCommands(story))),
    runs
  )

  it.prop(
    "from bins",
    { story: FieldSteps.BinStory },
    ({ story }) => judge(life(Bin, FieldSteps.binCommands(story))),
    runs
  )

  it.prop(
    "from orders",
    { story: FieldSteps.OrderStory },
    ({ story }) => judge(life(Order, FieldSteps.orderCommands(story))),
    runs
  )

  it.prop(
    "from courier sources",
    { story: IngestionSteps.SourceStory },
    ({ story }) => judge(life(CourierSource, IngestionSteps.sourceCommands(story))),
    runs
  )

  it.prop(
    "from ingestions",
    { story: IngestionSteps.IngestionStory },
    ({ story }) => judge(life(Ingestion, IngestionSteps.ingestionCommands(story))),
    runs
  )

  it.prop(
    "from shipments",
    { story: IngestionSteps.ShipmentStory },
    ({ story }) => judge(life(Shipment, IngestionSteps.shipmentCommands(story))),
    runs
  )

  it.prop(
    "from API keys",
    { story: ApiKeySteps.ApiKeyStory },
    ({ story }) => judge(life(ApiKey, ApiKeySteps.apiKeyCommands(story))),
    runs
  )

  it.prop(
    "from bulk jobs",
    { story: BulkJobSteps.Story },
    ({ story }) => judge(life(BulkJob, BulkJobSteps.commandsOf(story))),
    runs
  )

  it.prop(
    "from flows",
    { story: FlowSteps.FlowStory },
    ({ story }) => judge(life(Flow, FlowSteps.flowCommands(story))),
    runs
  )

  it.prop(
    "from pauses",
    { story: PauseSteps.PauseStory },
    ({ story }) => judge(life(Pause, PauseSteps.pauseCommands(story))),
    runs
  )

  it.prop(
    "from schedules",
    { story: ScheduleSteps.ScheduleStory },
    ({ story }) => judge(life(Schedule, ScheduleSteps.scheduleCommands(story))),
    runs
  )

  it("from a call whose end is told", () => {
    const spec = { ...Call.spec(), onEnd: { url: "https://example.com/ended", on: "ended" as const } }
    judge(life(ServiceCall, [Call.submit({ spec }), Call.cancel()]))
  })

  it.prop(
    "from subscriptions",
    { story: SubscriptionSteps.SubscriptionStory },
    ({ story }) => judge(life(Subscription, SubscriptionSteps.subscriptionCommands(story))),
    runs
  )

  it.prop(
    "from service calls",
    { story: CallSteps.Story },
    ({ story }) => judge(said(CallSteps.play(story).turns)),
    runs
  )

  afterAll(() => {
    assert.sameMembers([...heard], [...topicNames], "a topic that nothing was said on")
  })
})
