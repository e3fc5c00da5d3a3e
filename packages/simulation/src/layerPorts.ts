/** The ports of one process, each of them through the faults of the world. */
import type { Intent } from "@dueline/contracts/Intent"
import { type IntentListener, Intents } from "@dueline/contracts/Intents"
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import { Backlog } from "@dueline/contracts/ports/Backlog"
import { type Delivery, EventBus, type Verdict } from "@dueline/contracts/ports/EventBus"
import { HttpClient } from "@dueline/contracts/ports/HttpClient"
import { OpsQueries } from "@dueline/contracts/ports/OpsQueries"
import { Outbox } from "@dueline/contracts/ports/Outbox"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { RequestVault } from "@dueline/contracts/ports/RequestVault"
import { layerStoreMemory } from "@dueline/execution/attempts/Circuits"
import * as SigningSecrets from "@dueline/secrets/SigningSecrets"
import { Effect, Layer } from "effect"
import type { BusCheck } from "./BusCheck.ts"
import type { Disk } from "./Disk.ts"
import type { Mutation } from "./Mutation.ts"
import type { Others } from "./Others.ts"
import { makeReach, type Reach, type Victim } from "./Reach.ts"
import type { Standstills } from "./Standstills.ts"
import { makeStart } from "./Targets.ts"
import type { Witness } from "./Witness.ts"
import type { World } from "./World.ts"

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
  readonly vault: RequestVault["Service"]
  readonly storeIsAway: (machine: string) => boolean
  readonly standstills: Standstills
  readonly others: Others
  readonly targetsAreAway: (machine: string) => boolean
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

const layerStore = ({ disk, mutation }: Surroundings, reach: Reach) => {
  const { backlog, opsQueries } = disk.store
  const outbox: Outbox["Service"] = {
    claim: (options) => reach("claim", disk.outbox.claim(options)),
    settle: (settlements) => reach("settle", disk.outbox.settle(settlements))
  }
  const workers: Backlog["Service"] = {
    upcoming: (options) => reach("upcoming", backlog.upcoming(options)),
    abandoned: (options) => reach("abandoned", backlog.abandoned(options)),
    extend: (options) => reach("extend", backlog.extend(options))
  }
  return Layer.mergeAll(
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
      near: (options) => reach("near", opsQueries.near(options)),
      holding: (options) => reach("holding", opsQueries.holding(options))
    })
  )
}

export const layerPorts = (around: Surroundings, victim: Victim) => {
  const { mutation, standstills, storeIsAway, targetsAreAway, vault, witness, world } = around
  const bus = EventBusMemory.make().pipe(
    Effect.map(mutation.bus ?? same),
    Effect.tap((service) => service.consume({ group: "far end", topics: [] }, hear(around, victim)))
  )
  return Layer.mergeAll(
    layerStore(around, makeReach(world, victim, storeIsAway, standstills)),
    Layer.succeed(
      HttpClient,
      (mutation.http ?? same)(HttpClient.starting(makeStart(world, victim, witness, targetsAreAway)))
    ),
    Layer.succeed(RequestVault, vault),
    Layer.succeed(Intents, (mutation.intents ?? same)(makeIntents(world, witness, victim))),
    Layer.effect(EventBus, bus),
    SigningSecrets.layerUnsigned,
    // A process knows nothing of the circuits of another, nor of those it had before it died.
    Layer.fresh(layerStoreMemory)
  )
}
