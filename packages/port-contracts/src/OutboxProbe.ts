/** How the sentences about an Outbox fill it, and look at what comes. */
import { Outbox, type OutboxEntry } from "@dueline/contracts/ports/Outbox"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import * as Sample from "./Sample.ts"

export type Ports = Outbox | Persistence
export const now = Sample.now
export const claim = (at = now, limit = 1_000, held: ReadonlyArray<number> = []) =>
  Effect.flatMap(Outbox, (outbox) => outbox.claim({ now: at, limit, held }))
export const settle = (...settlements: Parameters<Outbox["Service"]["settle"]>[0]) =>
  Effect.flatMap(Outbox, (outbox) => outbox.settle(settlements))

/** Sentences share one outbox: each starts with what the others left taken away. */
export const emptied = Effect.gen(function* () {
  let left = yield* claim(Number.MAX_SAFE_INTEGER)
  while (left.length > 0) {
    yield* settle(...left.map((entry) => ({ _tag: "Delivered" as const, entry })))
    left = yield* claim(Number.MAX_SAFE_INTEGER)
  }
})

/** Commits one message per payload to the call, each in a commit of its own after `version`. */
export const fill = Effect.fnUntraced(function* (call: Sample.Target, payloads: ReadonlyArray<unknown>, version = 0) {
  const store = yield* Persistence
  for (const [index, payload] of payloads.entries()) {
    yield* store.commit([Sample.commit(call, { expectedVersion: version + index, outbox: [Sample.message(payload)] })])
  }
})

export const payloadsOf = (entries: ReadonlyArray<OutboxEntry>) => entries.map(({ payload }) => payload)

export const isOf = (entry: OutboxEntry, call: Sample.Target | undefined): boolean =>
  call !== undefined && entry.tenantId === call.tenantId && entry.streamId === Sample.streamOf(call.callId)

export const first = (entries: ReadonlyArray<OutboxEntry>): OutboxEntry => entries[0] ?? assert.fail("nothing to claim")
