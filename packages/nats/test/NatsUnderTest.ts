/** Layers on the tests' NATS server, each under a prefix of its own so that tests beside each other share nothing. */
import { natsUrl } from "@dueline/test-servers/sharedServers"
import { assert } from "@effect/vitest"
import * as Nats from "@dueline/nats/Nats"
import type { Ranks } from "@dueline/nats/timer/DueConsumer"
import * as Topology from "@dueline/nats/Topology"
import { Effect, Layer } from "effect"
import { randomUUID } from "node:crypto"

export const freshPrefix = (): string => `t${randomUUID().slice(0, 8)}`

/** A connection to the server behind the URL, or to the shared one. */
export const connected = (prefix: string = freshPrefix(), url?: string) =>
  Layer.unwrap(Effect.promise(async () => Nats.layer({ url: url ?? (await natsUrl()), name: "test", prefix })))

/** The same with its streams. */
export const served = (prefix?: string, url?: string) =>
  Topology.layer().pipe(Layer.provideMerge(connected(prefix, url)))

/** Waits for an outcome that comes in real time; gives up after 30 seconds. */
export const until = Effect.fnUntraced(function* (what: string, condition: () => boolean) {
  for (let round = 0; round < 1_500; round += 1) {
    if (condition()) return
    yield* Effect.sleep(20)
  }
  assert.fail(`never happened: ${what}`)
})

/** This process is the first for every partition, for ever. */
export const everything: Ranks = { rankOf: () => 0, onChange: () => undefined }
