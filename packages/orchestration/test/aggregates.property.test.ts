/** The laws of all aggregates, each told with stories of its own. */
import { Customer } from "../src/aggregates/Customer.ts"
import { Bin } from "../src/aggregates/Bin.ts"
import { Order } from "../src/aggregates/Order.ts"
import { Tenant } from "../src/aggregates/Tenant.ts"
import { Flow } from "../src/aggregates/Flow.ts"
import { Pause } from "../src/aggregates/Pause.ts"
import { Schedule } from "../src/aggregates/Schedule.ts"
import { Subscription } from "../src/aggregates/Subscription.ts"
import { ServiceCall } from "../src/aggregates/service-call/ServiceCall.ts"
import { aggregateLaws } from "./aggregateLaws.ts"
import * as CallSteps from "./CallSteps.ts"
import * as FieldSteps from "./FieldSteps.ts"
import * as FlowSteps from "./FlowSteps.ts"
import * as PauseSteps from "./PauseSteps.ts"
import * as ScheduleSteps from "./ScheduleSteps.ts"
import * as SubscriptionSteps from "./SubscriptionSteps.ts"
import { envelope } from "./FieldSample.ts"
import * as Call from "./ServiceCallSample.ts"
import * as TenantSteps from "./TenantSteps.ts"

aggregateLaws({
  aggregate: ServiceCall,
  story: CallSteps.Story,
  commandsOf: (story) => CallSteps.play(story).turns.map(({ command }) => command),
  envelope: (command) => Call.envelope(command),
  opening: "ServiceCallSubmitted"
})

aggregateLaws({
  aggregate: Customer,
  story: FieldSteps.CustomerStory,
  commandsOf: FieldSteps.customerCommands,
  envelope: (command) => envelope(command),
  opening: "CustomerRegistered",
  // It does not know what the profile holds, so it believes whoever says that it changed.
  adding: ["UpdateCustomer"]
})

aggregateLaws({
  aggregate: Bin,
  story: FieldSteps.BinStory,
  commandsOf: FieldSteps.binCommands,
  envelope: (command) => envelope(command),
  opening: "BinCreated"
})

aggregateLaws({
  aggregate: Order,
  story: FieldSteps.OrderStory,
  commandsOf: FieldSteps.orderCommands,
  envelope: (command) => envelope(command),
  opening: "OrderDrafted",
  adding: ["AddOrderItems"]
})

aggregateLaws({
  aggregate: Tenant,
  story: TenantSteps.TenantStory,
  commandsOf: TenantSteps.tenantCommands,
  envelope: (command) => envelope(command),
  opening: ["TenantCreated", "TenantErased"]
})

aggregateLaws({
  aggregate: Flow,
  story: FlowSteps.FlowStory,
  commandsOf: FlowSteps.flowCommands,
  envelope: (command) => envelope(command),
  opening: "FlowDefined"
})

aggregateLaws({
  aggregate: Pause,
  story: PauseSteps.PauseStory,
  commandsOf: PauseSteps.pauseCommands,
  envelope: (command) => envelope(command),
  opening: "PauseCreated"
})

aggregateLaws({
  aggregate: Schedule,
  story: ScheduleSteps.ScheduleStory,
  commandsOf: ScheduleSteps.scheduleCommands,
  envelope: (command) => envelope(command),
  opening: "ScheduleCreated"
})

aggregateLaws({
  aggregate: Subscription,
  story: SubscriptionSteps.SubscriptionStory,
  commandsOf: SubscriptionSteps.subscriptionCommands,
  envelope: (command) => envelope(command),
  opening: "SubscriptionCreated",
  adding: ["TestSubscription", "UpdateSubscription"]
})
