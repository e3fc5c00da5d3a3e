/** Notices of changed calls between processes that are connected to one server. */
import type { CallNotices, ChangedCalls } from "@dueline/contracts/CallNotices"
import { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { natsUrl, missing } from "@dueline/test-servers/sharedServers"
import * as Nats from "@dueline/nats/Nats"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import { describe } from "vitest"
import { changesText, make, readChanges } from "../src/bus/RemoteNotices.ts"
import { changesSubject } from "../src/Subjects.ts"
import { freshPrefix, until } from "./NatsUnderTest.ts"

const tenantId = () => TenantId.make(randomUUID())
const callId = () => ServiceCallId.make(randomUUID())
const times = { everyMs: 20, watchingMs: 100 }

/** A process of its own, as far as the server can see. */
const process = (prefix: string, writes: boolean) =>
  Effect.gen(function* () {
    const url = yield* Effect.promise(() => natsUrl())
    const nats = yield* Nats.make({ url, name: "test", prefix })
    const notices = yield* Effect.provideService(make(writes, times), Nats.Nats, nats)
    return { nats, notices }
  })

const listening = Effect.fnUntraced(function* (notices: CallNotices, tenant: TenantId) {
  const heard: Array<ChangedCalls> = []
  yield* notices.watch(tenant, (changed) => heard.push(changed))
  return heard
})

describe.skipIf(await missing("nats"))("notices between processes", () => {
  it.live(
    "tell those who watch the tenant, from every process that writes, and nobody else",
    () =>
      Effect.gen(function* () {
        const prefix = freshPrefix()
        const writers = [yield* process(prefix, true), yield* process(prefix, true)]
        const edge = yield* process(prefix, false)
        const [tenant, other] = [tenantId(), tenantId()]
        const [heard, elsewhere] = [yield* listening(edge.notices, tenant), yield* listening(edge.notices, other)]
        const ids = [callId(), callId()]
        for (const [n, { notices }] of writers.entries()) {
          // The words of who watches are on their way to this process.
          yield* until("the change is told", () => {
            const id = ids[n]
            if (id !== undefined) notices.changed(tenant, id)
            return heard.some(({ callIds }) => callIds.some((each) => each === id))
          })
        }
        assert.deepStrictEqual(elsewhere, [])
      }).pipe(Effect.scoped),
    { tags: ["ADR-0044.3"] }
  )

  it.live("cost nothing when nobody watches any more: writers forget the tenant", () =>
    Effect.gen(function* () {
      const prefix = freshPrefix()
      const [writer, edge, observer] = [
        yield* process(prefix, true),
        yield* process(prefix, false),
        yield* process(prefix, false)
      ]
      const tenant = tenantId()
      let messages = 0
      observer.nats.connection.subscribe(changesSubject(prefix, tenant), { callback: () => void messages++ })
      yield* Effect.scoped(
        Effect.gen(function* () {
          const heard = yield* listening(edge.notices, tenant)
          yield* until("the change is told", () => {
            writer.notices.changed(tenant, callId())
            return heard.length > 0
          })
        })
      )
      let before = -1
      yield* Effect.repeat(
        Effect.suspend(() => {
          before = messages
          writer.notices.changed(tenant, callId())
          return Effect.sleep(4 * times.watchingMs)
        }),
        { until: () => messages === before }
      )
      assert.strictEqual(messages, before)
    }).pipe(Effect.scoped)
  )

  it("are read as they were written, and what is none is not read", () => {
    const changed = { callIds: [callId(), callId()], omitted: 3 }
    assert.deepStrictEqual(readChanges(changesText(changed)), changed)
    for (const text of ["", "{}", '{"v":2,"calls":[],"omitted":0}', '{"v":1,"calls":["x"],"omitted":0}'])
      assert.isNull(readChanges(text))
  })
})
