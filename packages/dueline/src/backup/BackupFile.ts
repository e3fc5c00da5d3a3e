/**
 * The file that `dueline backup` writes: a line that says what it is, a line of JSON about what is in it, and a tar archive, compressed with
 * zstd, and sealed with a passphrase if so wished. Its last entry says how many there are: an archive without it is not whole.
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import { keyOf, opening, sealing, SealedWith } from "@dueline/secrets/sealedStream"
import { Effect, Schema, Stream } from "effect"
import * as Tar from "effect/encoding/Tar"
import { createReadStream, createWriteStream } from "node:fs"
import { open, rename } from "node:fs/promises"
import { dirname } from "node:path"
import { PassThrough, type Transform } from "node:stream"
import { pipeline } from "node:stream/promises"
import { constants, createZstdCompress, createZstdDecompress } from "node:zlib"

const magic = "dueline-backup"
const headerLimit = 65_536

export const BackupHeader = Schema.Struct({
  format: Schema.Literal(1),
  /** Of the program that made it. */
  program: Schema.String,
  /** Version of the database server whose files these are. */
  server: Schema.String,
  /** A physical copy fits machines of one kind: `linux-x64`. */
  platform: Schema.String,
  installationId: Schema.NullOr(Schema.String),
  /** RFC 3339, UTC. */
  begunAt: Schema.String,
  /** Whether the keys of the installation are inside; only ever in a sealed file. */
  keys: Schema.Boolean,
  sealed: Schema.NullOr(SealedWith)
})
export type BackupHeader = typeof BackupHeader.Type

/** The file cannot be written, is none, is not whole, or does not open. */
export class BackupFileFailed extends Schema.TaggedError<BackupFileFailed>()("BackupFileFailed", {
  detail: Schema.String
}) {
  override get message(): string {
    return this.detail
  }
}

export const failedFile = (cause: unknown): BackupFileFailed =>
  new BackupFileFailed({ detail: cause instanceof Error ? cause.message : String(cause) })

const headerLines = (header: BackupHeader): Buffer => Buffer.from(`${magic}\n${JSON.stringify(header)}\n`)

const manifest = "backup.json"

/** With a checksum over what was compressed, which an open file has nothing else for. */
const compressing = () =>
  createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 } })

/** Where a backup goes: `unfinished` is there already and empty, and whoever made it takes it away when nothing comes of it. */
export interface Destination {
  readonly file: string
  readonly unfinished: string
}

const synced = async (path: string): Promise<void> => {
  const handle = await open(path, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Gives the file its name when it is whole and on disk. `passphrase` is null when the header says that nothing is sealed. */
export const writeBackup = <E extends Error>(
  { file, unfinished }: Destination,
  header: BackupHeader,
  passphrase: string | null,
  entries: Stream.Stream<Tar.Entry<E>, E>
): Effect.Effect<void, BackupFileFailed> =>
  Effect.gen(function* () {
    let count = 0
    const whole = Stream.concat(
      Stream.map(entries, (entry) => {
        count += 1
        return entry
      }),
      Stream.suspend(() => Stream.succeed(Tar.file(manifest, JSON.stringify({ entries: count }))))
    )
    const archive = yield* NodeStream.toReadable(Stream.pipeThroughChannel(whole, Tar.encode()))
    const lines = headerLines(header)
    yield* Effect.tryPromise({
      try: async (signal) => {
        const seal: Transform =
          header.sealed === null || passphrase === null
            ? new PassThrough()
            : sealing(await keyOf(passphrase, header.sealed), lines)
        const out = createWriteStream(unfinished, { flags: "r+" })
        out.write(lines)
        await pipeline(archive, compressing(), seal, out, { signal })
        await synced(unfinished)
        await rename(unfinished, file)
        await synced(dirname(file))
      },
      catch: failedFile
    })
  })

interface Opened {
  readonly header: BackupHeader
  /** As it stands in the file, to the byte: a seal is bound to it. */
  readonly lines: Buffer
}

const decodeHeader = Schema.decodeUnknownEffect(Schema.fromJsonString(BackupHeader))

export const readBackupHeader = (file: string): Effect.Effect<Opened, BackupFileFailed> =>
  Effect.gen(function* () {
    const start = yield* Effect.tryPromise({
      try: async () => {
        const handle = await open(file, "r")
        try {
          const { buffer, bytesRead } = await handle.read(Buffer.alloc(headerLimit), 0, headerLimit, 0)
          return buffer.subarray(0, bytesRead)
        } finally {
          await handle.close()
        }
      },
      catch: failedFile
    })
    const no = (what: string) => new BackupFileFailed({ detail: `${file} ${what}` })
    if (!start.subarray(0, magic.length + 1).equals(Buffer.from(`${magic}\n`))) {
      return yield* no("is not a backup of this program")
    }
    const end = start.indexOf("\n", magic.length + 1)
    if (end < 0) return yield* no("is cut off")
    const lines = start.subarray(0, end + 1)
    const header = yield* Effect.mapError(decodeHeader(lines.subarray(magic.length + 1, end).toString()), () =>
      no("was made by a newer program: restore it with that one")
    )
    return { header, lines }
  })

const Manifest = Schema.fromJsonString(Schema.Struct({ entries: Schema.Int }))

/** Hands over each entry in turn; its body has to be read before the next one is. Fails when the archive is not whole. */
export const readBackup = <E, R>(
  file: string,
  { header, lines }: Opened,
  passphrase: string | null,
  each: (entry: Tar.Entry<Tar.TarError | BackupFileFailed>) => Effect.Effect<void, E, R>
): Effect.Effect<number, E | BackupFileFailed | Tar.TarError, R> =>
  Effect.gen(function* () {
    const key =
      header.sealed === null
        ? null
        : yield* Effect.tryPromise({
            try: () => keyOf(passphrase ?? "", header.sealed as SealedWith),
            catch: failedFile
          })
    const plain = NodeStream.fromReadable<Uint8Array, BackupFileFailed>({
      evaluate: () => {
        const unsealed: Transform = key === null ? new PassThrough() : opening(key, lines)
        const bytes = createZstdDecompress()
        const source = createReadStream(file, { start: lines.length })
        // What goes wrong on the way is told at its end.
        pipeline(source, unsealed, bytes).catch((error: unknown) => bytes.destroy(error as Error))
        return bytes
      },
      onError: failedFile
    })
    let entries = 0
    let promised = -1
    yield* Stream.pipeThroughChannel(plain, Tar.decode<BackupFileFailed>()).pipe(
      Stream.runForEach((entry) =>
        Effect.gen(function* () {
          if (entry.header.path !== manifest) {
            entries += 1
            return yield* each(entry)
          }
          const text = yield* Stream.mkString(Stream.decodeText(entry.body))
          promised = (yield* Effect.mapError(Schema.decodeUnknownEffect(Manifest)(text), failedFile)).entries
        })
      )
    )
    if (promised !== entries) {
      return yield* new BackupFileFailed({ detail: `${file} is not whole: it has ${entries} of its files` })
    }
    return entries
  })
