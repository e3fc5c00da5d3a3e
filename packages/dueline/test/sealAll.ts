/** What a program does beside its work, at once and to its end: for tests that look at what is left behind it. */
import { makeSealer, publishTo } from "@dueline/audit/Sealer"
import { signerOf } from "@dueline/audit/note"
import { Overviews } from "@dueline/contracts/ports/Overviews"
import { SealedTree } from "@dueline/postgres/write/SealedTree"
import { Effect } from "effect"
import { mkdtemp } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

export const signer = signerOf("dueline-audit-test", Buffer.alloc(32, 7))

export const newFolder = (name: string) => Effect.promise(() => mkdtemp(join(tmpdir(), `${name}-`)))

/** The folder that the checkpoint was published to. */
export const sealAll = Effect.gen(function* () {
  const folder = yield* newFolder("checkpoints")
  const sealer = yield* makeSealer({
    store: yield* SealedTree,
    signer: Effect.succeed(signer),
    every: 1_000_000,
    publish: publishTo(folder)
  })
  yield* sealer.finish
  return folder
}).pipe(Effect.orDie)

export const countAll = Effect.gen(function* () {
  const { count } = yield* Overviews
  while ((yield* count(5_000)) !== 0) yield* Effect.yieldNow
})
