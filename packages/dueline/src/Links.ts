/** What ties the processes of an installation together, where it is configured: NATS, Redis; else the process is alone. */
import { keptIn } from "@dueline/contracts/deadLetter"
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import { WorkerId } from "@dueline/contracts/Ids"
import { DeadLetters } from "@dueline/contracts/ports/DeadLetters"
import * as Circuits from "@dueline/execution/attempts/Circuits"
import * as CircuitStore from "@dueline/redis/CircuitStore"
import * as RateStore from "@dueline/redis/RateStore"
import * as RedisConnection from "@dueline/redis/RedisConnection"
import { Effect, Layer, Random, type Redacted } from "effect"
import { layerStoreMemory } from "effect/persistence/RateLimiter"
import type { Settings } from "./Configuration.ts"
import type { Deployment } from "./Deployment.ts"
import { layerAlone } from "./Neighbours.ts"
import { CurrentPhase } from "./Phase.ts"

/** New with every start: whoever held calls under another name is gone. */
const newId = Effect.map(Random.next, (roll) => WorkerId.make(`worker-${Math.floor(roll * 2 ** 48).toString(36)}`))

const alone = (id: WorkerId) =>
  Layer.mergeAll(
    layerAlone(id),
    Layer.unwrap(Effect.map(DeadLetters, (letters) => EventBusMemory.layer({ onDead: keptIn(letters) })))
  )

/** Loaded only where a broker is configured: a process alone starts without all that is needed to speak to one. */
const connected = (settings: Settings, url: Redacted.Redacted, id: WorkerId, deployment: Deployment) =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("./NatsLinks.ts")),
      ({ layer }) => layer(settings, url, id, deployment)
    )
  )

/**
 * Loading the client of Redis holds a process up for a quarter of a second. Whoever has just started may have the calls of one that died to
 * make; that comes first, and until then it is as if Redis were not there yet.
 */
const redisAfter = "1 second"

const onRedis = (url: Redacted.Redacted, prefix: string) =>
  Layer.mergeAll(
    CircuitStore.layer({ prefix: `${prefix}:circuit:` }),
    RateStore.layer({ prefix: `${prefix}:rate:` })
  ).pipe(
    Layer.provideMerge(
      Layer.unwrap(
        Effect.map(CurrentPhase, ({ started }) =>
          RedisConnection.layer({ url, after: Effect.andThen(started, Effect.sleep(redisAfter)) })
        )
      )
    )
  )

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
