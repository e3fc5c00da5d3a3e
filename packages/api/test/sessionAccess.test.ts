/** What each process remembers of sessions: how soon one that ended elsewhere is over here, and how often the store is asked. */
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import { EventBus } from "@dueline/contracts/ports/EventBus"
import { type EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { Sessions } from "@dueline/contracts/ports/Sessions"
import { SessionId } from "@dueline/contracts/session/Session"
import { drawSecret } from "@dueline/identity/sessionSecret"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import { assert, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as SessionAccess from "../src/sessions/SessionAccess.ts"

const key = {
  tenantId: TenantId.make("11111111-1111-4111-8111-111111111111"),
  sessionId: SessionId.make("019c0de0-0e01-7000-8000-00000000e001")
}
const minute = 60_000

/** Two processes over one store and bus, a session that a browser holds, and how often the store was asked for it. */
const world = Effect.gen(function* () {
  const bus = yield* EventBusMemory.make()
  const { sessions } = MemoryStore.make()
  const asked = { times: 0 }
  const counted: Sessions["Service"] = {
    ...sessions,
    find: (...about) =>
      Effect.suspend(() => {
        asked.times++
        return sessions.find(...about)
      })
  }
  const process = Effect.map(
    Layer.build(
      Layer.fresh(SessionAccess.layer).pipe(
        Layer.provide([Layer.succeed(Sessions, counted), Layer.succeed(EventBus, bus)])
      )
    ),
    Context.get(SessionAccess.SessionAccess)
  )
  const { digest, text } = drawSecret(key)
  yield* sessions.make(
    {
      ...key,
      subject: "ann",
      tenants: [key.tenantId],
      roles: null,
      scopes: [],
      way: "link",
      createdAt: 0 as EpochMillis,
      expiresAt: (100 * minute) as EpochMillis,
      idleMs: 10 * minute
    },
    { kind: "browser", digest },
    null
  )
  return { sessions, asked, text, here: yield* process, there: yield* process }
})

it.effect(
  "a session that one process ends is over at once there and in the others, also for what has been looked up before",
  () =>
    Effect.gen(function* () {
      const { here, sessions, text, there } = yield* world
      assert.isNotNull(yield* here.open(text))
      assert.isNotNull(yield* there.open(text))
      const lasting = yield* Effect.forkChild(there.over(key))
      yield* Effect.yieldNow
      yield* sessions.end(key, "ended", 1 as EpochMillis)
      yield* here.ended(key)
      assert.isNull(yield* here.open(text))
      assert.isNull(yield* here.find(key))
      yield* Fiber.join(lasting)
      assert.isNull(yield* there.open(text))
      assert.isNull(yield* there.find(key))
    }),
  { tags: ["ADR-0041.1", "ADR-0041.4"] }
)

it.effect(
  "a session whose end nobody has told of is over five seconds later",
  () =>
    Effect.gen(function* () {
      const { sessions, text, there } = yield* world
      assert.isNotNull(yield* there.open(text))
      yield* sessions.end(key, "ended", 1 as EpochMillis)
      assert.isNotNull(yield* there.open(text))
      yield* TestClock.adjust("5 seconds")
      assert.isNull(yield* there.open(text))
      assert.isNull(yield* there.find(key))
    }),
  { tags: ["ADR-0041.1", "ADR-0041.4"] }
)

it.effect("however often it is used, the store is asked every five seconds, and hears of a use once a minute", () =>
  Effect.gen(function* () {
    const { asked, here, sessions, text } = yield* world
    for (let second = 0; second < 30; second++) {
      for (let turn = 0; turn < 10; turn++) assert.isNotNull(yield* here.open(text))
      yield* TestClock.adjust("1 second")
    }
    assert.isAtMost(asked.times, 6)
    for (let at = 0; at < 3 * 10; at++) {
      yield* TestClock.adjust("1 minute")
      assert.isNotNull(yield* here.open(text), `used each minute it lasts longer than it may lie unused: ${at}`)
      yield* TestClock.adjust("2 seconds")
    }
    const found = yield* sessions.find(key, null)
    assert.isAbove(found?.usedAt ?? 0, 29 * minute)
  })
)

it.effect(
  "who waits for its end hears of it within five seconds, which is no use of it",
  () =>
    Effect.gen(function* () {
      const { here, sessions, there } = yield* world
      const [sooner, later] = [yield* Effect.forkChild(here.over(key)), yield* Effect.forkChild(there.over(key))]
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(sooner.pollUnsafe())
      assert.strictEqual((yield* sessions.find(key, null))?.usedAt, 0)
      yield* sessions.end(key, "ended", minute as EpochMillis)
      yield* TestClock.adjust("10 seconds")
      assert.isDefined(sooner.pollUnsafe())
      assert.isDefined(later.pollUnsafe())
    }),
  { tags: ["ADR-0041.4"] }
)

it.effect("unused for longer than it may be, it is over", () =>
  Effect.gen(function* () {
    const { here, text } = yield* world
    yield* TestClock.adjust("10 minutes")
    assert.isNull(yield* here.open(text))
  })
)
