import { Effect } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** In a folder of its own, which is gone afterwards. */
export const inFolder = <A>(use: (folder: string) => Promise<A>): Effect.Effect<A> =>
  Effect.promise(async () => {
    const folder = await mkdtemp(join(tmpdir(), "export-"))
    try {
      return await use(folder)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
