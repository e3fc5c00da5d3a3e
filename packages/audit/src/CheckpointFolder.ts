/** Checkpoints as files, one for each, in a folder that the database's owner should not reach: of one size the latest stays. */
import { makeFolder, placeAnew } from "@dueline/secrets/secretFiles"
import { Effect } from "effect"
import { join } from "node:path"
import { checkpointFile } from "./checkpoint.ts"
import { PublishFailed } from "./Sealer.ts"

/** Makes the folder where it is missing. A file is there whole or not at all. */
export const placeNote = async (folder: string, name: string, note: string): Promise<void> => {
  await makeFolder(folder, 0o755)
  await placeAnew(join(folder, name), note, 0o644)
}

export const publishTo = (folder: string) => (size: number, note: string) =>
  Effect.tryPromise({
    try: () => placeNote(folder, checkpointFile(size), note),
    catch: (error) =>
      new PublishFailed({
        detail: `the checkpoint cannot be written to ${folder} (DUELINE_AUDIT_CHECKPOINTS): ${error instanceof Error ? error.message : String(error)}`
      })
  })
