/** Publications and what becomes of those that the server says nothing of, or the wrong thing. */
import { missing } from "@dueline/test-servers/sharedServers"
import { headers, TimeoutError } from "@nats-io/nats-core"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { makePublications } from "../src/bus/Publications.ts"
import { Nats } from "../src/Nats.ts"
import { Topology } from "../src/Topology.ts"
import { served } from "./NatsUnderTest.ts"

const publication = (subject: string, id: string) => ({ subject, body: "{}", id, headers })

describe.skipIf(await missing("nats"))("a publication", () => {
  it.live("that nobody acknowledges fails in its time, and those beside it are stored, once each", () =>
    Effect.gen(function* () {
      const { connection, manager, prefix } = yield* Nats
      const { wanted } = yield* Topology
      const subject = wanted.events.subjects[0]?.replaceAll("*", "x").replace(">", "x") ?? ""
      // Somebody takes the message and says nothing: the server does not answer by itself then.
      connection.subscribe(`${prefix}.swallow`, { callback: () => undefined })
      const publish = yield* makePublications(400)
      const ids = Array.from({ length: 50 }, (_, n) => `m${n}`)
      const [failed] = yield* Effect.all(
        [
          Effect.flip(publish(publication(`${prefix}.swallow`, "lost"))),
          Effect.forEach([...ids, ...ids], (id) => publish(publication(subject, id)), { concurrency: "unbounded" })
        ],
        { concurrency: "unbounded" }
      )
      assert.instanceOf(failed.cause, TimeoutError)
      const { state } = yield* Effect.promise(() => manager.streams.info(wanted.events.name))
      assert.strictEqual(state.messages, ids.length)
    }).pipe(Effect.provide(served()))
  )

  it.live("of which the server says that it cannot be stored fails with what it says", () =>
    Effect.gen(function* () {
      const { prefix } = yield* Nats
      const publish = yield* makePublications(2_000)
      const { cause } = yield* Effect.flip(publish(publication(`${prefix}.nobody`, "m")))
      assert.strictEqual((cause as Error).name, "JetStreamNotEnabled")
    }).pipe(Effect.provide(served()))
  )
})
