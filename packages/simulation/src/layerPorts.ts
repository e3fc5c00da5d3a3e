/** The ports of one process, each of them through the faults of the world. */
import { type Intent, type IntentListener, Intents } from "@dueline/contracts/Intent"
import { DirectStarts, EventCommits, FiringCommits } from "@dueline/contracts/CommitCompanions"
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import { Backlog } from "@dueline/contracts/ports/Backlog"
import { CallQueries, OpsQueries } from "@dueline/contracts/ports/Queries"
import { Deliveries } from "@dueline/contracts/ports/Deliveries"
import { DeadLetterQueries, DeadLetters } from "@dueline/contracts/ports/DeadLetters"
import { DueIngestions, DueSchedules } from "@dueline/contracts/ports/DueWork"
import { type Delivery, EventBus, type Verdict } from "@dueline/contracts/ports/EventBus"
import { FlowPlaces } from "@dueline/contracts/ports/FlowPlaces"
import { HttpClient } from "@dueline/contracts/ports/HttpClient"
import { JobItems } from "@dueline/contracts/ports/JobItems"
import { Leases } from "@dueline/contracts/ports/Leases"
import { Outbox } from "@dueline/contracts/ports/Outbox"
import { Pauses } from "@dueline/contracts/ports/Directories"
import { PayloadSources, RequestIntake } from "@dueline/contracts/ports/Admission"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import type { ProductEvents } from "@dueline/contracts/ports/ProductEvents"
import { RequestVault, sealContext, SecretVault } from "@dueline/contracts/ports/Vaults"
import type { DropbinParts } from "@dueline/orchestration/dropbin/carryOut"
import { layerStoreMemory } from "@dueline/execution/attempts/Circuits"
import * as SigningSecrets from "@dueline/secrets/SigningSecrets"
import { Clock, Effect, Layer, Redacted, Result } from "effect"
import { secretOf } from "./callbacks/CallbackCheck.ts"
import type { BusCheck } from "./checks/BusCheck.ts"
import { carriesOut, layerDirectMessages } from "./direct/directEvents.ts"
import type { InHandCheck } from "./direct/InHandCheck.ts"
import type { Disk } from "./world/Disk.ts"
import { isAllowed } from "./dropbin/Payload.ts"
import type { PayloadHost } from "./dropbin/PayloadHost.ts"
import type { Mutation } from "./mutations/Mutation.ts"
import type { Others } from "./clients/Others.ts"
import { makeReach, type Reach, type Standstills, type Victim } from "./checks/Reach.ts"
import type { ReportCheck } from "./reported/ReportCheck.ts"
import { makeStart } from "./world/Targets.ts"
import type { Witness } from "./checks/Witness.ts"
import type { World } from "./world/World.ts"

/** Intents that are lost, told twice, late, or in another order: all of them only hurry along what the tables say anyway. */
const makeIntents = (world: World, witness: Witness, { machine }: Victim): Intents["Service"] => {
  const listeners: Array<IntentListener> = []
  const { alarmRepeated, intentLate, intentLost, intentRepeated } = world.faults
  const tell = (intents: ReadonlyArray<Intent>) => {
    for (const listener of listeners) listener(intents)
  }
  const later = (intent: Intent, withinMs: number) =>
    void world.time.after(world.dice.between(0, withinMs), () => machine.enter(() => tell([intent])))
  const publish = (intents: ReadonlyArray<Intent>) => {
    const atOnce: Array<Intent> = []
    for (const intent of intents) {
      if (world.strikes(intentLost)) {
        world.troubled(machine.name)
        if (intent._tag === "ExecutionRequested") witness.unheard(intent.callId, intent.epoch)
        continue
      }
      if (world.strikes(intentLate)) {
        later(intent, 3_000)
        continue
      }
      // Before the ones that came earlier in this commit: a listener may not count on their order.
      if (world.strikes(intentLate)) atOnce.unshift(intent)
      else atOnce.push(intent)
      // An attempt that was made is not known any more: only one that is still under way can be recognised.
      if (world.strikes(intentRepeated)) atOnce.push(intent)
      if (intent._tag === "AlarmWanted" && world.strikes(alarmRepeated)) later(intent, 60_000)
    }
    if (atOnce.length > 0) tell(atOnce)
  }
  return {
    publish,
    subscribe: (listener) => {
      listeners.push(listener)
    }
  }
}

export interface Surroundings {
  readonly world: World
  readonly disk: Disk
  readonly mutation: Mutation
  readonly witness: Witness
  readonly bus: BusCheck
  readonly inHand: InHandCheck
  readonly vault: RequestVault["Service"]
  readonly storeIsAway: (machine: string) => boolean
  readonly standstills: Standstills
  readonly others: Others
  readonly targetsAreAway: (machine: string) => boolean
  readonly reports: { readonly check: ReportCheck; readonly kept: ProductEvents["Service"] }
  readonly payloads: { readonly host: PayloadHost; readonly parts: DropbinParts; readonly leases: Leases["Service"] }
}

const same = <A>(part: A): A => part

/** The far end of the bus hears of everything, and now and then cannot take it. */
const hear =
  ({ bus, world }: Surroundings, { machine }: Victim) =>
  (delivery: Delivery): Effect.Effect<Verdict> =>
    machine.call((answer) => {
      bus.delivered(delivery)
      const fails = world.strikes(world.faults.consumerFails)
      const verdict: Verdict = fails ? { _tag: "Retry", reason: "simulated" } : { _tag: "Ack" }
      world.time.after(world.latency(), () => answer(Effect.succeed(verdict)))
    })

/** By the clock of whoever asks, be it right or wrong: two may hold one at once. */
const layerLeases = ({ payloads: { leases } }: Surroundings, reach: Reach) =>
  Layer.effect(
    Leases,
    Effect.map(Clock.Clock, (clock) =>
      Leases.of({
        take: (options) => reach("take lease", Effect.provideService(leases.take(options), Clock.Clock, clock)),
        release: (options) => reach("release lease", leases.release(options))
      })
    )
  )

const layerStore = ({ disk, mutation }: Surroundings, reach: Reach) => {
  const { backlog, dueIngestions, opsQueries } = disk.store
  const outbox: Outbox["Service"] = {
    claim: (options) => reach("claim", disk.outbox.claim(options)),
    settle: (settlements) => reach("settle", disk.outbox.settle(settlements))
  }
  const workers: Backlog["Service"] = {
    upcoming: (options) => reach("upcoming", backlog.upcoming(options)),
    abandoned: (options) => reach("abandoned", backlog.abandoned(options)),
    extend: (options) => reach("extend", backlog.extend(options))
  }
  const payloads: DueIngestions["Service"] = {
    due: (options) => reach("due payloads", dueIngestions.due(options)),
    unended: (options) => reach("unended", dueIngestions.unended(options))
  }
  return Layer.mergeAll(
    Layer.succeed(DueIngestions, (mutation.dueIngestions ?? same)(payloads)),
    Layer.succeed(Persistence, {
      load: (requests) => reach("load", disk.persistence.load(requests)),
      commit: (batch) => reach("commit", disk.persistence.commit(batch))
    }),
    Layer.succeed(Outbox, (mutation.outbox ?? same)(outbox)),
    Layer.succeed(Backlog, (mutation.backlog ?? same)(workers)),
    Layer.succeed(OpsQueries, {
      find: (kind, tenantId, id) => reach("find", opsQueries.find(kind, tenantId, id)),
      list: (kind, options) => reach("list", opsQueries.list(kind, options)),
      sealed: (kind, tenantId, id) => reach("sealed", opsQueries.sealed(kind, tenantId, id)),
      scheduleRequests: (options) => reach("sealed", opsQueries.scheduleRequests(options)),
      near: (options) => reach("near", opsQueries.near(options)),
      holding: (options) => reach("holding", opsQueries.holding(options))
    })
  )
}

/** The database has a clock of its own, which is right. */
const layerWaiting = ({ disk, mutation, world }: Surroundings, reach: Reach) => {
  const { flowPlaces, pauses } = disk.store
  const right = { ...Clock.Clock.defaultValue(), currentTimeMillis: Effect.sync(() => world.time.now) }
  const places: FlowPlaces["Service"] = {
    take: (asked) => reach("take places", Effect.provideService(flowPlaces.take(asked), Clock.Clock, right)),
    keep: (holders) => reach("keep places", Effect.provideService(flowPlaces.keep(holders), Clock.Clock, right)),
    release: (holders) => reach("give places back", flowPlaces.release(holders))
  }
  const known: Pauses["Service"] = { inForce: (options) => reach("pauses", pauses.inForce(options)) }
  return Layer.mergeAll(
    Layer.succeed(FlowPlaces, (mutation.flowPlaces ?? same)(places)),
    Layer.succeed(Pauses, (mutation.pauses ?? same)(known))
  )
}

/** What is fired, delivered, done to many and looked up. Dead letters are not replayed here. */
const layerLed = ({ disk, mutation }: Surroundings, reach: Reach) => {
  const { callQueries, deadLetterQueries, deadLetters, deliveries, dueSchedules, jobItems } = disk.store
  const items: JobItems["Service"] = {
    active: (limit) => reach("active jobs", jobItems.active(limit)),
    claim: (options) => reach("claim items", jobItems.claim(options)),
    settle: (options) => reach("settle items", jobItems.settle(options))
  }
  const lines: Deliveries["Service"] = {
    unsorted: (limit) => reach("unsorted", deliveries.unsorted(limit)),
    sort: (sorted) => reach("sort", deliveries.sort(sorted)),
    kept: (options) => reach("kept", deliveries.kept(options)),
    repeat: (options) => reach("repeat", deliveries.repeat(options)),
    open: (options) => reach("open", deliveries.open(options)),
    redelivering: (limit) => reach("redelivering", deliveries.redelivering(limit)),
    look: (options) => reach("look", deliveries.look(options)),
    call: (options) => reach("call", deliveries.call(options)),
    settle: (options) => reach("settle deliveries", deliveries.settle(options)),
    drop: (options) => reach("drop", deliveries.drop(options)),
    forget: (options) => reach("forget", deliveries.forget(options))
  }
  const due: DueSchedules["Service"] = {
    due: (options) => reach("due schedules", dueSchedules.due(options)),
    ofOlderZoneData: (options) => reach("older zone data", dueSchedules.ofOlderZoneData(options))
  }
  return Layer.mergeAll(
    Layer.succeed(CallQueries, {
      ...callQueries,
      find: (tenantId, callId) => reach("find call", callQueries.find(tenantId, callId)),
      list: (options) => reach("list calls", callQueries.list(options))
    }),
    Layer.succeed(DeadLetterQueries, deadLetterQueries),
    Layer.succeed(DeadLetters, deadLetters),
    Layer.succeed(JobItems, (mutation.jobItems ?? same)(items)),
    Layer.succeed(DueSchedules, (mutation.dueSchedules ?? same)(due)),
    Layer.succeed(Deliveries, (mutation.deliveries ?? same)(lines))
  )
}

/** Nothing is refused. */
const layerIntake = ({ vault }: Surroundings) =>
  Layer.succeed(RequestIntake, {
    admit: (tenantId, callId, { body, headers, method, url, ...others }) =>
      Result.succeed({
        spec: { request: { method, url, headers: {}, bodyBytes: 0, bodySnippet: null } },
        sealed: vault.seal({ body, headers, url, ...others }, sealContext(tenantId, callId))
      })
  })

/** Nothing is sealed: contents are looked at by what they say. An address that is kept beside other parts is encoded, as a sealed one is. */
const layerPayloads = Layer.mergeAll(
  Layer.succeed(SecretVault, { seal: (text) => text, open: (sealed) => Effect.succeed(decodeURIComponent(sealed)) }),
  Layer.succeed(PayloadSources, {
    check: (uri) =>
      isAllowed(uri)
        ? Result.succeed({ href: uri, shown: uri })
        : Result.fail({ code: "payload_host_refused", message: "not allowed" })
  })
)

/** Payloads are fetched by the client that calls targets. */
const makeHttp = (around: Surroundings, victim: Victim): HttpClient["Service"] => {
  const { payloads, targetsAreAway, witness, world } = around
  const call = makeStart(world, victim, witness, targetsAreAway)
  const fetch = payloads.host.start(victim, targetsAreAway)
  return HttpClient.starting((request, told) =>
    payloads.host.serves(request.url) ? fetch(request, told) : call(request, told)
  )
}

export const layerPorts = (around: Surroundings, victim: Victim) => {
  const { mutation, standstills, storeIsAway, vault, witness, world } = around
  const bus = EventBusMemory.make().pipe(
    Effect.map(mutation.bus ?? same),
    Effect.tap((service) => service.consume({ group: "far end", topics: [] }, hear(around, victim)))
  )
  const reach = makeReach(world, victim, storeIsAway, standstills)
  const store = layerStore(around, reach)
  return Layer.mergeAll(
    store,
    Layer.provide(SigningSecrets.layer, [store, layerPayloads]),
    layerLeases(around, reach),
    layerWaiting(around, reach),
    layerLed(around, reach),
    layerIntake(around),
    layerPayloads,
    Layer.succeed(HttpClient, (mutation.http ?? same)(makeHttp(around, victim))),
    Layer.succeed(RequestVault, vault),
    DirectStarts.layer,
    layerDirectMessages(around, victim),
    // As in the program: where there is but one process.
    ...(world.setup.processes === 1 ? [FiringCommits.layer] : []),
    ...(carriesOut(around) ? [EventCommits.layer] : []),
    Layer.succeed(Intents, (mutation.intents ?? same)(makeIntents(world, witness, victim))),
    Layer.effect(EventBus, bus),
    Layer.succeed(SigningSecrets.SigningSecrets, {
      secretFor: (tenantId) => Effect.succeed(Redacted.make(secretOf(tenantId)))
    }),
    // A process knows nothing of the circuits of another, nor of those it had before it died.
    Layer.fresh(layerStoreMemory)
  )
}
