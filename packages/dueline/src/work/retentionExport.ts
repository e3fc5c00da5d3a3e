/** Writes what is about to be removed to a folder: lines of JSON, compressed, with a checksum beside each file. */
import { makeFolder } from "@dueline/secrets/secretFiles"
import { Data, Effect } from "effect"
import { hash } from "node:crypto"
import { open, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import { zstdCompressSync } from "node:zlib"

export class ExportFailed extends Data.TaggedError("ExportFailed")<{ readonly message: string }> {}

export interface Exported {
  readonly tenantId: string
  /** Of what it is: begins the name of the file. */
  readonly kind: string
  /** Epoch ms. */
  readonly at: number
  /** Events, or rows, as JSON. */
  readonly lines: ReadonlyArray<string>
}

/** On the disk when this is done: under another name first, so that a file with its own name is whole. */
const put = async (path: string, bytes: Uint8Array): Promise<void> => {
  const unfinished = `${path}.part`
  try {
    const file = await open(unfinished, "w", 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(unfinished, path)
  } catch (error) {
    // What the failure says counts, not that this could not be done either: where nothing can be made nothing may be there to remove.
    await rm(unfinished, { force: true }).catch(() => undefined)
    throw error
  }
}

/**
 * `FOLDER/TENANT/KIND-TIME-SHA256.ndjson.zst`, where the sum is that of the lines, and `….sha256` with the sum of the file as `sha256sum -c`
 * reads it. The same lines written twice are one file if they are written in the same moment, else two that are alike.
 */
export const exportTo =
  (folder: string) =>
  ({ at, kind, lines, tenantId }: Exported): Effect.Effect<string, ExportFailed> =>
    Effect.tryPromise({
      try: async () => {
        const text = Buffer.from(lines.map((line) => `${line}\n`).join(""))
        const packed = zstdCompressSync(text)
        const name = `${kind}-${new Date(at).toISOString().replaceAll(/[:.]/gu, "-")}-${hash("sha256", text, "hex").slice(0, 16)}.ndjson.zst`
        const directory = join(folder, tenantId)
        await makeFolder(directory, 0o700)
        const path = join(directory, name)
        await put(path, packed)
        await put(`${path}.sha256`, Buffer.from(`${hash("sha256", packed, "hex")}  ${name}\n`))
        return path
      },
      catch: (cause) =>
        new ExportFailed({
          message: `cannot write to ${folder}: ${cause instanceof Error ? cause.message : String(cause)}`
        })
    })
