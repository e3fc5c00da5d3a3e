/** The ports of one process, each of them through the faults of the world. */
import { Intents } from "@dueline/contracts/Intents"
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import { Backlog } from "@dueline/contracts/ports/Backlog"
import { type Delivery, EventBus, type Verdict } from "@dueline/contracts/ports/EventBus"
import { HttpClient } from "@dueline/contracts/ports/HttpClient"
import { Outbox } from "@dueline/contracts/ports/Outbox"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { RequestVault } from "@dueline/contracts/ports/RequestVault"
import { layerStoreMemory } from "@dueline/execution/attempts/Circuits"
import * as SigningSecrets from "@dueline/secrets/SigningSecrets"
import { Effect, Layer } from "effect"
import type { BusCheck } from "./BusCheck.ts"
import type { Disk } from "./Disk.ts"
import { makeIntents } from "./FaultyIntents.ts"
import type { Mutation } from "./Mutation.ts"
import { makeReach, type Reach, type Victim } from "./Reach.ts"
import type { Others } from "./Others.ts"
import type { Standstills } from "./Standstills.ts"
import { makeStart } from "./Targets.ts"
import type { Witness } from "./Witness.ts"
import type { World } from "./World.ts"

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
  const { backlog } = disk.store
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
    Layer.succeed(Backlog, (mutation.backlog ?? same)(workers))
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
