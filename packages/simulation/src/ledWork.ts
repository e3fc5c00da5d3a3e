/**
 * What one process at a time does: makes orders of payloads, fires schedules, delivers to subscriptions and
 * carries out bulk jobs. Follows the composition of the program.
 */
import { ServiceCallId } from "@dueline/contracts/Ids"
import { EventBus } from "@dueline/contracts/ports/EventBus"
import { Leases } from "@dueline/contracts/ports/Leases"
import * as BulkJobs from "@dueline/orchestration/bulkJobs/BulkJobs"
import * as Dropbin from "@dueline/orchestration/dropbin/Dropbin"
import { byOne, type Shared } from "@dueline/orchestration/dispatcher/whileLeading"
import * as scheduleCalls from "@dueline/orchestration/schedules/scheduleCalls"
import * as ScheduleFirer from "@dueline/orchestration/schedules/ScheduleFirer"
import * as SubscriptionDeliveries from "@dueline/orchestration/subscriptions/SubscriptionDeliveries"
import { Effect } from "effect"
import { fetchPolicy } from "./dropbin/Payload.ts"
import type { Surroundings } from "./layerPorts.ts"
import { zoneData } from "./schedules/ScheduleClient.ts"
import { Dice } from "./world/Dice.ts"
import type { Machine } from "./world/Machine.ts"

const same = <A>(part: A): A => part
const keepMs = 7 * 86_400_000

export const ledWork = Effect.fnUntraced(function* ({ mutation, payloads, world }: Surroundings, machine: Machine) {
  const { droppers, operators, processes, schedulers, subscribers, told } = world.setup
  const callId = (...parts: ReadonlyArray<string | number>) =>
    ServiceCallId.make(new Dice(world.seed).fork(parts.join("/")).uuid())
  const shared: Shared = processes === 1 ? null : { leases: yield* Leases, holder: machine.name }
  // Without those who send there is nothing to look for.
  if (droppers > 0) yield* Dropbin.make(payloads.parts, { policy: fetchPolicy, shared })
  if (schedulers > 0) {
    const firer = yield* ScheduleFirer.makeFirer({ callIdOf: callId, zoneData })
    const bus = yield* EventBus
    yield* bus.consume({ group: "schedule-calls", topics: ["ops.schedule.fired"] }, yield* scheduleCalls.makeHandler)
    yield* Effect.forkScoped(byOne(shared, ScheduleFirer.leadership, firer.run))
  }
  if (subscribers > 0 || told) {
    const deliveries = yield* SubscriptionDeliveries.makeDeliveries({
      callIdOf: callId,
      callbackIdOf: (mutation.callbackId ?? same)(callId),
      disableAfterMs: world.setup.disableAfterMs,
      keepMs
    })
    yield* Effect.forkScoped(byOne(shared, SubscriptionDeliveries.leadership, deliveries.run))
  }
  if (operators > 0) {
    const jobs = yield* BulkJobs.makeBulkJobs(callId)
    yield* Effect.forkScoped(byOne(shared, BulkJobs.leadership, (mayAct) => jobs.loop({}, mayAct)))
  }
})
