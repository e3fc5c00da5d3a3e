/** Writes what is about to be removed to a folder: lines of JSON, compressed, with a checksum beside each file. */
import { makeFolder, placeAnew } from "@dueline/secrets/secretFiles"
import { Data, Effect } from "effect"
import { hash } from "node:crypto"
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
        await placeAnew(path, packed)
        await placeAnew(`${path}.sha256`, `${hash("sha256", packed, "hex")}  ${name}\n`)
        return path
      },
      catch: (cause) =>
        new ExportFailed({
          message: `cannot write to ${folder}: ${cause instanceof Error ? cause.message : String(cause)}`
        })
    })
