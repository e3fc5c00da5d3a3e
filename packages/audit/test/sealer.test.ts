/** When the sealer looks, seals and signs, over a store in memory and a clock that is told what time it is. */
import { assert, it } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { openCheckpoint, signerOf, verifierOf } from "../src/note.ts"
import { leafHash, rootOfLeaves } from "../src/merkle.ts"
import type { TreeStore } from "@dueline/contracts/ports/AuditTrail"
import { makeSealer } from "../src/Sealer.ts"

const signer = signerOf("dueline-audit-test", Buffer.alloc(32, 7))

/** `commit` adds events; `looks` counts statements. */
const world = () => {
  const leaves: Array<Buffer> = []
  const notes: Array<string> = []
  const state = { size: 0, peaks: "", looks: 0, silent: false }
  let signed: { readonly size: number; readonly at: number } | null = null
  const store: TreeStore = {
    unsealed: (_from, limit) =>
      Effect.suspend(() => {
        state.looks += 1
        if (state.silent) return Effect.never
        const page = leaves.slice(state.size, state.size + limit)
        const none = { count: 0, hashes: "", transaction: null, position: null }
        return Effect.map(Clock.currentTimeMillis, (now) => ({
          size: state.size,
          peaks: state.peaks,
          entries: none,
          events: { count: page.length, hashes: Buffer.concat(page).toString("hex"), transaction: "1", position: 1 },
          next: "0",
          now,
          signed
        }))
      }),
    seal: ({ peaks, size, to }) =>
      Effect.sync(() => {
        if (size !== state.size) return false
        state.size = to
        state.peaks = peaks
        return true
      }),
    keepCheckpoint: (size, at) =>
      Effect.sync(() => {
        signed = { size, at }
      })
  }
  const sealer = makeSealer({
    store,
    signer: Effect.succeed(signer),
    every: 1_000,
    publish: (_size, note) => Effect.sync(() => void notes.push(note))
  })
  const commit = (count: number): void => {
    for (let n = 0; n < count; n++) leaves.push(leafHash(Buffer.from(`${leaves.length}`)))
  }
  const sizes = () => notes.map((note) => openCheckpoint(note, verifierOf(signer))?.size)
  return { commit, leaves, notes, sealer, sizes, state }
}

it.effect(
  "looks once a second while there is news and every ten seconds else, and signs what it has not signed once a day",
  () => {
    const { commit, sealer, sizes, state } = world()
    return Effect.gen(function* () {
      const { loop } = yield* sealer
      yield* Effect.forkScoped(loop(() => true))
      commit(10)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(state.size, 10)
      assert.deepStrictEqual(sizes(), [10])
      yield* TestClock.adjust("1 minute")
      const before = state.looks
      yield* TestClock.adjust("1 hour")
      assert.isAtMost(state.looks - before, 361)
      commit(1)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(state.size, 11)
      assert.deepStrictEqual(sizes(), [10])
      yield* TestClock.adjust("23 hours")
      assert.deepStrictEqual(sizes(), [10, 11])
      yield* TestClock.adjust("3 days")
      assert.deepStrictEqual(sizes(), [10, 11])
    })
  }
)

it.effect("seals much in pages, one soon after the other, and signs the end of it with the root of all leaves", () => {
  const { commit, leaves, notes, sealer, state } = world()
  return Effect.gen(function* () {
    const { loop } = yield* sealer
    commit(10_000)
    yield* Effect.forkScoped(loop(() => true))
    yield* TestClock.adjust("1 second")
    assert.strictEqual(state.size, 10_000)
    assert.isAtMost(state.looks, 7)
    const checkpoint = openCheckpoint(notes.at(-1) ?? "", verifierOf(signer))
    assert.deepStrictEqual(checkpoint?.root, rootOfLeaves(leaves))
  })
})

it.effect("at a stop seals and signs what is left, and gives up in time on a store that does not answer", () => {
  const { commit, sealer, sizes, state } = world()
  return Effect.gen(function* () {
    const { loop } = yield* sealer
    const run = Effect.fnUntraced(function* () {
      const scope = yield* Scope.make()
      yield* Effect.forkIn(
        Effect.provideService(
          loop(() => true),
          Scope.Scope,
          scope
        ),
        scope
      )
      yield* TestClock.adjust("1 second")
      return scope
    })
    commit(5)
    const first = yield* run()
    commit(2)
    yield* Scope.close(first, Exit.void)
    assert.strictEqual(sizes().at(-1), 7)
    const second = yield* run()
    commit(1)
    state.silent = true
    const stopping = yield* Effect.forkChild(Scope.close(second, Exit.void))
    yield* TestClock.adjust("4 seconds")
    assert.isDefined(stopping.pollUnsafe())
    yield* Fiber.join(stopping)
    assert.strictEqual(sizes().at(-1), 7)
  })
})

it.effect("does nothing while it may not act", () => {
  const { commit, sealer, state } = world()
  return Effect.gen(function* () {
    const { loop } = yield* sealer
    commit(5)
    yield* Effect.forkScoped(loop(() => false))
    yield* TestClock.adjust("1 minute")
    assert.strictEqual(state.looks, 0)
  })
})
