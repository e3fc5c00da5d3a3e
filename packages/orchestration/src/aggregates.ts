/** Every kind of aggregate there is, by category, and how the streams of each are replayed. */
import type { StreamKey } from "@dueline/contracts/Envelope"
import { categories, type Category } from "@dueline/contracts/kinds"
import { ApiKey } from "./aggregates/ApiKey.ts"
import { Bin } from "./aggregates/Bin.ts"
import { BulkJob } from "./aggregates/BulkJob.ts"
import { CourierSource } from "./aggregates/CourierSource.ts"
import { Customer } from "./aggregates/Customer.ts"
import { Ingestion } from "./aggregates/Ingestion.ts"
import { Order } from "./aggregates/Order.ts"
import { Flow } from "./aggregates/Flow.ts"
import { Pause } from "./aggregates/Pause.ts"
import { Schedule } from "./aggregates/Schedule.ts"
import { Shipment } from "./aggregates/Shipment.ts"
import { Subscription } from "./aggregates/Subscription.ts"
import { Tenant } from "./aggregates/Tenant.ts"
import { ServiceCall } from "./aggregates/service-call/ServiceCall.ts"
import type { Aggregate } from "./engine/Aggregate.ts"
import { type Replay, replayer } from "./engine/storedForms.ts"

export const aggregates = {
  "service-call": ServiceCall,
  customer: Customer,
  bin: Bin,
  order: Order,
  "courier-source": CourierSource,
  ingestion: Ingestion,
  shipment: Shipment,
  "api-key": ApiKey,
  tenant: Tenant,
  "bulk-job": BulkJob,
  flow: Flow,
  pause: Pause,
  schedule: Schedule,
  subscription: Subscription
} as const

type Replayer = (stream: StreamKey) => Replay

export const replays = Object.fromEntries(
  categories.map((category) => [
    category,
    replayer(aggregates[category] as unknown as Aggregate<never, never, never, never, never>)
  ])
) as Readonly<Record<Category, Replayer>>
