/** One start of the program on one machine: the real parts, joined as in production, over ports that reach into the simulated world. */
import { DirectStarts } from "@dueline/contracts/CommitCompanions"
import type { Envelope } from "@dueline/contracts/Envelope"
import { ServiceCallId, type TenantId, WorkerId } from "@dueline/contracts/Ids"
import { type Intent, Intents } from "@dueline/contracts/Intent"
import type { Command } from "@dueline/contracts/kinds"
import type { Holding } from "@dueline/contracts/ports/Backlog"
import { EventBus } from "@dueline/contracts/ports/EventBus"
import { FlowPlaces } from "@dueline/contracts/ports/FlowPlaces"
import { Leases } from "@dueline/contracts/ports/Leases"
import { type AnyAnswer, type AnyRefusal, Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { type Alarm, Timer } from "@dueline/contracts/ports/Timer"
import { leadMs } from "@dueline/contracts/serviceCall/Spec"
import { ShipmentId } from "@dueline/contracts/shipment/Shipment"
import * as Executor from "@dueline/execution/attempts/Executor"
import { makeRecorder } from "@dueline/execution/attempts/recordAttempt"
import type { ShipmentIdOf } from "@dueline/orchestration/DirectEvents"
import * as FieldEvents from "@dueline/orchestration/FieldEvents"
import * as Writers from "@dueline/orchestration/Writers"
import { aggregates } from "@dueline/orchestration/aggregates"
import { Schedule } from "@dueline/orchestration/aggregates/Schedule"
import { Shipment } from "@dueline/orchestration/aggregates/Shipment"
import { ServiceCall } from "@dueline/orchestration/aggregates/service-call/ServiceCall"
import * as BulkJobs from "@dueline/orchestration/bulkJobs/BulkJobs"
import * as Dispatcher from "@dueline/orchestration/dispatcher/Dispatcher"
import { byOne, type Shared } from "@dueline/orchestration/dispatcher/whileLeading"
import * as Dropbin from "@dueline/orchestration/dropbin/Dropbin"
import { recalling } from "@dueline/orchestration/recalling"
import * as ScheduleFirer from "@dueline/orchestration/schedules/ScheduleFirer"
import * as scheduleCalls from "@dueline/orchestration/schedules/scheduleCalls"
import * as SubscriptionDeliveries from "@dueline/orchestration/subscriptions/SubscriptionDeliveries"
import { isEarly, makeDueLoop } from "@dueline/timer/DueLoop"
import * as MemoryTimer from "@dueline/timer/MemoryTimer"
import { defaultSweepOptions, makeSweep } from "@dueline/timer/Sweep"
import { placesOf, WorkerCapacity } from "@dueline/timer/WorkerCapacity"
import { makeKnownHolds } from "@dueline/timer/knownHolds"
import { sweepLoop } from "@dueline/timer/sweepLoop"
import { Effect, Exit, Layer, Scope } from "effect"
import type { Victim } from "./checks/Reach.ts"
import { storeOf, takesOver } from "./direct/directEvents.ts"
import { fetchPolicy } from "./dropbin/Payload.ts"
import { layerPorts, type Surroundings } from "./layerPorts.ts"
import { type Ask, makeAsk } from "./pending/ask.ts"
import { makeReceiving, type Receive, type Report } from "./reported/receiving.ts"
import { zoneData } from "./schedules/ScheduleClient.ts"
import { Dice } from "./world/Dice.ts"
import type { Machine } from "./world/Machine.ts"
import type { World } from "./world/World.ts"

const same = <A>(part: A): A => part

/** Whoever asks inside the process may ask twice, the second time when much has happened in between. */
const repeating =
  (world: World, { machine }: Victim) =>
  ({ offer }: Orchestrator["Service"]): Orchestrator["Service"] =>
    Orchestrator.offering((envelope, settle) => {
      if (world.strikes(world.faults.commandRepeated)) {
        world.time.after(world.dice.between(0, 40_000), () => machine.enter(() => offer(envelope, () => undefined)))
      }
      offer(envelope, settle)
    })

const layerCore = (around: Surroundings, victim: Victim) => {
  const { mutation, world } = around
  const { batchLimit, cacheLimit, horizonMs, queueLimit, snapshotEvery } = world.setup
  const kinds = {
    ...aggregates,
    "service-call": (mutation.aggregate ?? same)(ServiceCall),
    shipment: (mutation.shipment ?? same)(Shipment),
    schedule: (mutation.schedule ?? same)(Schedule)
  }
  const writer = Effect.provideServiceEffect(
    Writers.make({ batchLimit, cacheLimit, queueLimit, snapshotEvery }, kinds),
    Persistence,
    storeOf(around)
  )
  return Layer.mergeAll(
    Layer.effect(
      Orchestrator,
      Effect.map(writer, repeating(world, victim)).pipe(Effect.map(mutation.orchestrator ?? same))
    ),
    Layer.effect(
      Timer,
      Effect.map(MemoryTimer.make({ ...MemoryTimer.defaultMemoryTimerOptions, horizonMs, leadMs }), ({ timer }) =>
        (mutation.timer ?? same)(timer)
      )
    )
  )
}

/** The same for ever, as long as the world lasts. */
const shipmentIdIn =
  (world: World): ShipmentIdOf =>
  (tenantId, source, trackingReference) =>
    ShipmentId.make(new Dice(world.seed).fork(`${tenantId}/${source}/${trackingReference}`).uuid())

/** How soon an attempt is tried again for which there was no room. */
const refusedPauseMs = 1_000

const nobody: ReadonlyMap<TenantId, string> = new Map()

/** What due calls wait for. Without pauses and flows there is nothing to ask for. */
const waiting = Effect.fnUntraced(function* ({ world }: Surroundings, machine: Machine) {
  const { pausers, processes } = world.setup
  if (pausers === 0) return { known: Effect.void, paused: () => undefined, options: {} }
  const { committed, holds, known } = yield* makeKnownHolds({ group: `holds-${machine.name}`, suspended: () => nobody })
  return { known, paused: committed, options: { holds, flowPlaces: yield* FlowPlaces, processes: () => processes } }
})

/** By the bus alone nobody looks for what is lost, so that what the bus loses shows. */
const fieldEvents = Effect.fnUntraced(function* (around: Surroundings) {
  const { mutation, world } = around
  if (takesOver(around)) return void (yield* Layer.build(FieldEvents.layer(shipmentIdIn(world))))
  const bus = yield* EventBus
  const { handler } = yield* FieldEvents.makeHandler(shipmentIdIn(world))
  yield* bus.consume(
    { group: "field-events", topics: ["ops.ingestion.received"] },
    (mutation.fieldEvents ?? same)(handler)
  )
})

/** Follows the composition of the program: intents arm the timer, start attempts and wake the dispatcher. */
const work = Effect.fnUntraced(function* (around: Surroundings, victim: Victim) {
  const { machine } = victim
  const { mutation, others, world } = around
  const worker = WorkerId.make(machine.name)
  const { capacity, circuitFailures, circuitOpenMs, horizonMs, overbooked, pageLimit, processes, sweepEveryMs } =
    world.setup
  const circuits = { failures: circuitFailures, openMs: circuitOpenMs, maxOpenMs: 20_000 }
  const made = Executor.make({ worker, concurrency: capacity, queueLimit: capacity, circuits })
  const executor = yield* Effect.map(made, mutation.executor ?? same)
  const orchestrator = yield* Orchestrator
  const intents = yield* Intents
  const timer = yield* Timer
  const dispatcher = yield* Dispatcher.make()
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const recorder = yield* makeRecorder(run)
  const { known, options, paused } = yield* waiting(around, machine)
  const act = (intent: Intent, alarms: Array<Alarm>) => {
    if (intent._tag === "AlarmWanted") alarms.push(intent)
    else if (intent._tag === "OutboxFilled") run(dispatcher.dispatcher.wake)
    else if (intent._tag === "PauseCommitted") paused(intent)
    else if (intent._tag === "ExecutionRequested" && isEarly(intent, machine.wall.read())) {
      recorder.handBack(intent, "lease_unconfirmed", machine.wall.read() + refusedPauseMs, () => undefined)
    } else if (intent._tag === "ExecutionRequested" && !executor.offer(intent)) {
      const reason = executor.draining() ? "draining" : "no_capacity"
      recorder.handBack(intent, reason, machine.wall.read() + refusedPauseMs, () => undefined)
    }
  }
  const slots = WorkerCapacity.layer(
    placesOf(worker, { free: () => executor.slotsFree() + overbooked, onFree: executor.onSlotFree })
  )
  const loop = yield* makeDueLoop({ batchLimit: 128, ...options }).pipe(Effect.provide(slots))
  const starts = yield* DirectStarts
  yield* starts.by((mutation.direct ?? same)(loop.direct))
  intents.subscribe((committed) => {
    const alarms: Array<Alarm> = []
    for (const intent of committed) act(intent, alarms)
    if (alarms.length > 0) run(timer.arm(alarms))
    loop.count(
      committed.filter((intent) => intent._tag === "ExecutionRequested"),
      committed.filter((intent) => intent._tag === "AttemptEnded")
    )
  })
  yield* fieldEvents(around)
  yield* ledWork(around, machine)
  yield* Effect.forkScoped(dispatcher.run)
  yield* Effect.addFinalizer(() => executor.drain(5_000))
  yield* Effect.forkScoped(Effect.andThen(known, loop.run))
  const holds = (holding: Holding) => executor.holds(holding)
  const sole = processes === 1
  const decider = yield* recalling(orchestrator, (holder, holding) =>
    holder === worker ? executor.recall(holding) : others.recall(machine, holder, holding)
  )
  others.join(machine, executor)
  const sweep = yield* makeSweep({ ...defaultSweepOptions, worker, sole, holds, horizonMs, pageLimit }).pipe(
    Effect.provideService(Orchestrator, decider)
  )
  yield* Effect.forkScoped(sweepLoop(sweep, { everyMs: sweepEveryMs, leadership: null }))
  // Without those who report there is nothing to take in.
  const receive = world.setup.products > 0 ? yield* makeReceiving(around, victim) : null
  return { ask: yield* makeAsk(decider, around), receive }
})

type Received = Effect.Success<ReturnType<Receive>>
type ReceiveRefused = Effect.Error<ReturnType<Receive>>

export class Program {
  readonly victim: Victim
  readonly #scope = Scope.makeUnsafe()
  #ask: Ask | null = null
  #receive: Receive | null = null

  constructor(surroundings: Surroundings, victim: Victim) {
    this.victim = victim
    const { machine } = victim
    const layers = layerCore(surroundings, victim).pipe(Layer.provideMerge(layerPorts(surroundings, victim)))
    machine.run(
      Effect.flatMap(Layer.buildWithScope(layers, this.#scope), (context) =>
        work(surroundings, victim).pipe(Effect.provide(context), Effect.provideService(Scope.Scope, this.#scope))
      ).pipe(
        Effect.map(({ ask, receive }) => {
          this.#ask = ask
          this.#receive = receive
        })
      )
    )
  }

  /** False when there is nobody to ask. */
  ask(envelope: Envelope<Command>, heard: (exit: Exit.Exit<AnyAnswer, AnyRefusal>) => void): boolean {
    const ask = this.#ask
    const { machine } = this.victim
    if (ask === null || !machine.alive) return false
    machine.enter(() => machine.run(ask(envelope)).addObserver(heard))
    return true
  }

  /** The same for product events. Answers with how whoever sent them hangs up. */
  report(report: Report, heard: (exit: Exit.Exit<Received, ReceiveRefused>) => void): (() => void) | null {
    const receive = this.#receive
    const { machine } = this.victim
    if (receive === null || !machine.alive) return null
    let hangUp = () => undefined as void
    machine.enter(() => {
      const fiber = machine.run(receive(report))
      fiber.addObserver(heard)
      hangUp = () => machine.enter(() => fiber.interruptUnsafe())
    })
    return () => hangUp()
  }

  /** Asks the program to end in order. */
  stop(stopped: () => void): void {
    this.#ask = null
    this.#receive = null
    this.victim.machine.run(Scope.close(this.#scope, Exit.void)).addObserver(stopped)
  }
}

/**
 * What one process at a time does: makes orders of payloads, fires schedules, delivers to subscriptions and
 * carries out bulk jobs. Follows the composition of the program.
 */
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
