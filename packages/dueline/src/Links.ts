/** What ties the processes of an installation together, where it is configured: NATS, Redis; else the process is alone. */
import { keptIn } from "@dueline/contracts/deadLetter"
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import { WorkerId } from "@dueline/contracts/Ids"
import { DeadLetters } from "@dueline/contracts/ports/DeadLetters"
import * as Circuits from "@dueline/execution/Circuits"
import * as EventBusNats from "@dueline/nats/EventBusNats"
import * as Members from "@dueline/nats/Members"
import * as Nats from "@dueline/nats/Nats"
import * as Topology from "@dueline/nats/Topology"
import * as CircuitStore from "@dueline/redis/CircuitStore"
import * as RateStore from "@dueline/redis/RateStore"
import * as RedisConnection from "@dueline/redis/RedisConnection"
import { Effect, Layer, Random, type Redacted } from "effect"
import { layerStoreMemory } from "effect/persistence/RateLimiter"
import type { Settings } from "./Configuration.ts"
import type { Deployment } from "./Deployment.ts"
import * as NatsNeighbours from "./NatsNeighbours.ts"
import { layerAlone } from "./Neighbours.ts"

/** New with every start: whoever held calls under another name is gone. */
const newId = Effect.map(Random.next, (roll) => WorkerId.make(`worker-${Math.floor(roll * 2 ** 48).toString(36)}`))

/** What consumers could not take is kept in the database, whatever the bus. */
const onDead = Effect.map(DeadLetters, (letters) => keptIn(letters))

const alone = (id: WorkerId) =>
  Layer.mergeAll(layerAlone(id), Layer.unwrap(Effect.map(onDead, (onDead) => EventBusMemory.layer({ onDead }))))

const connected = (settings: Settings, url: Redacted.Redacted, id: WorkerId, { roles }: Deployment) => {
  const bus = Layer.unwrap(Effect.map(onDead, (onDead) => EventBusNats.layer({ onDead })))
  const nats = Nats.layer({ url, name: `dueline ${[...roles].join(",")} ${id}`, prefix: settings.DUELINE_NATS_PREFIX })
  return Layer.mergeAll(NatsNeighbours.layer(id), bus).pipe(
    Layer.provideMerge(Members.layer({ id, roles: [...roles] })),
    Layer.provideMerge(Topology.layer({ replicas: settings.DUELINE_NATS_REPLICAS })),
    Layer.provideMerge(nats)
  )
}

const onRedis = (url: Redacted.Redacted, prefix: string) =>
  Layer.mergeAll(
    CircuitStore.layer({ prefix: `${prefix}:circuit:` }),
    RateStore.layer({ prefix: `${prefix}:rate:` })
  ).pipe(Layer.provideMerge(RedisConnection.layer({ url })))

const inMemory = Layer.mergeAll(Circuits.layerStoreMemory, layerStoreMemory)

export const layer = (settings: Settings, deployment: Deployment) =>
  Layer.unwrap(
    Effect.map(newId, (id) => {
      const url = settings.DUELINE_NATS_URL
      const others = url === null ? alone(id) : connected(settings, url, id, deployment)
      const redis = settings.DUELINE_REDIS_URL
      return redis === null
        ? Layer.mergeAll(others, inMemory)
        : Layer.mergeAll(others, onRedis(redis, settings.DUELINE_NATS_PREFIX))
    })
  )
