/** What `dueline backup` and `dueline restore` do. */
import type { EmbeddedPlace } from "@dueline/postgres/embedded/scrub"
import { Effect } from "effect"
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { makeBackup } from "../../backup/makeBackup.ts"
import { restoreBackup } from "../../backup/restoreBackup.ts"
import * as Configuration from "../../Configuration.ts"
import { homeAt } from "../../Home.ts"
import { adviceOf, newFile } from "../destination.ts"
import { CommandFailed, hint, print, Shell } from "../Shell.ts"
import { applyErasures, appliedWords, leftOver, readErasures } from "./erasures.ts"
import { withEmbedded } from "./embeddedDatabase.ts"
import { progressOf, verifyHome } from "./readModels.ts"

const passphraseVariable = "DUELINE_BACKUP_PASSPHRASE"

/** From the file, else from the environment. It is on no command line, where every process could read it. */
const passphraseOf = Effect.fnUntraced(function* (file: string | undefined) {
  const { env } = yield* Shell
  const given = yield* Effect.try({
    try: () =>
      file === undefined ? (env[passphraseVariable] ?? "") : readFileSync(file, "utf8").replace(/\r?\n$/u, ""),
    catch: (cause) => new CommandFailed({ message: `The passphrase cannot be read: ${String(cause)}` })
  })
  if (given === "") return null
  if (given.length >= 12) return given
  return yield* new CommandFailed({
    message: "The passphrase is too short to keep keys with: at least 12 characters",
    exitCode: 2
  })
})

const megabytes = (bytes: number): number => Math.ceil(bytes / 1_048_576)

/** A home for a look at the backup, and no longer. Its database may lie outside of it, behind a link. */
const scratchHome = Effect.acquireRelease(
  Effect.sync(() => {
    const home = mkdtempSync(join(tmpdir(), "dueline-backup-check-"))
    // The server's account has to get through to its own directory, which nobody else can enter.
    chmodSync(home, 0o755)
    return home
  }),
  (home) =>
    Effect.sync(() => {
      const base = join(home, "postgres")
      if (lstatSync(base, { throwIfNoEntry: false })?.isSymbolicLink() === true)
        rmSync(readlinkSync(base), { recursive: true, force: true })
      rmSync(home, { recursive: true, force: true })
    })
)

/** The file is restored beside the installation and looked at as `dueline verify` does: what cannot be restored is no backup. */
const checked = (settings: Configuration.Settings, file: string, passphrase: string | null) =>
  Effect.scoped(
    Effect.gen(function* () {
      const home = yield* scratchHome
      const { keys } = yield* restoreBackup({ file, home, passphrase, progress: () => Effect.void })
      const own = join(homeAt(settings.DUELINE_HOME).path, "keys")
      if (!keys && existsSync(own)) cpSync(own, join(home, "keys"), { recursive: true })
      return yield* verifyHome({ ...settings, DUELINE_HOME: home })
    })
  )

const notOurs = new CommandFailed({
  message: "The database is a server's own: its administrator backs it up",
  notes: [
    "there: pg_basebackup or the provider's snapshots, never a dump by table",
    "the keys are yours: keep the directory `keys` of DUELINE_HOME beside it; see docs/backup.md"
  ]
})

interface BackupInput {
  readonly file: string
  readonly encrypt: boolean
  readonly passphraseFile: string | undefined
  readonly unchecked: boolean
}

const wantedPassphrase = Effect.fnUntraced(function* ({ encrypt, passphraseFile }: BackupInput) {
  if (!encrypt && passphraseFile === undefined) return null
  const passphrase = yield* passphraseOf(passphraseFile)
  if (passphrase !== null) return passphrase
  return yield* new CommandFailed({
    message: "There is no passphrase to encrypt with",
    notes: [`set ${passphraseVariable}, or name a file that holds it by --passphrase-file`],
    exitCode: 2
  })
})

export const backupDatabase = Effect.fnUntraced(function* (input: BackupInput) {
  const settings = yield* Configuration.read((yield* Shell).env)
  if (settings.DUELINE_DATABASE_URL !== null) return yield* notOurs
  const file = resolve(input.file)
  if (existsSync(file))
    return yield* new CommandFailed({
      message: `${file} is there already`,
      notes: ["choose another name: nothing is written over"]
    })
  const passphrase = yield* wantedPassphrase(input)
  const progress = yield* progressOf(0, "MB")
  const copy = (unfinished: string) => (place: EmbeddedPlace) =>
    makeBackup({
      destination: { file, unfinished },
      home: settings.DUELINE_HOME,
      place,
      passphrase,
      progress: (done, estimate) => progress(megabytes(done), megabytes(estimate))
    })
  const making = Effect.scoped(Effect.flatMap(newFile(file), (unfinished) => withEmbedded(settings, copy(unfinished))))
  const { begunAt, keys } = yield* Effect.catchTags(making, {
    SqlError: (cause) => new CommandFailed({ message: `No backup was made: ${String(cause.cause)}` }),
    CopyFailed: ({ detail }) => new CommandFailed({ message: `No backup was made: ${detail}` }),
    BackupFileFailed: ({ detail }) =>
      new CommandFailed({ message: `No backup was made: ${detail}`, notes: [adviceOf(detail)] })
  })
  const bytes = statSync(file).size
  const seen = input.unchecked
    ? null
    : yield* Effect.catch(
        checked(settings, file, passphrase),
        (error) =>
          new CommandFailed({
            message: `The backup cannot be restored: ${error.message}`,
            notes: [`do not count on ${file}`]
          })
      )
  if (seen !== null && seen.findings.length > 0)
    return yield* new CommandFailed({
      message: `The backup was restored for a check, and ${seen.findings.length} things in it are wrong`,
      notes: [
        ...seen.findings.slice(0, 10).map(({ check, detail }) => `${check}: ${detail}`),
        `${file} is kept; see what \`dueline verify\` says of the installation itself`
      ]
    })
  const document = {
    file,
    bytes,
    begunAt,
    keys,
    encrypted: passphrase !== null,
    checked: seen !== null,
    events: seen?.events ?? null
  }
  yield* print(document, () =>
    [
      `${file}  ${megabytes(bytes)} MB`,
      seen === null
        ? "not checked: whether it can be restored is not known"
        : `restored for a check: ${seen.events} events agree with the read models, ${seen.sealed} sealed texts open`,
      keys
        ? "the keys of the installation are in it, under the passphrase: without that nothing opens it"
        : `the keys are not in it: keep ${join(homeAt(settings.DUELINE_HOME).path, "keys")} elsewhere, without them sealed texts stay closed`
    ].join("\n")
  )
})

export const restoreDatabase = Effect.fnUntraced(function* (input: {
  readonly file: string
  readonly passphraseFile: string | undefined
  readonly erasures: string | undefined
}) {
  const settings = yield* Configuration.read((yield* Shell).env)
  if (settings.DUELINE_DATABASE_URL !== null) return yield* notOurs
  const file = resolve(input.file)
  const home = settings.DUELINE_HOME
  const progress = yield* progressOf(0, "MB")
  const erasures = input.erasures === undefined ? [] : yield* readErasures(input.erasures)
  const header = yield* Effect.catchTags(
    restoreBackup({
      file,
      home,
      passphrase: yield* passphraseOf(input.passphraseFile),
      progress: (done) => progress(megabytes(done))
    }),
    {
      BackupFileFailed: ({ detail }) => new CommandFailed({ message: `Nothing was restored: ${detail}` }),
      TarError: ({ message }) => new CommandFailed({ message: `Nothing was restored: ${file} is damaged: ${message}` }),
      HomeUnusable: ({ detail }) => new CommandFailed({ message: `Nothing was restored: ${detail}` })
    }
  )
  const { vaultKeys } = homeAt(home)
  if (!existsSync(vaultKeys)) {
    yield* print({ home, begunAt: header.begunAt, keys: false, ok: null }, () =>
      [
        `restored into ${home}, as of ${header.begunAt}`,
        `its keys were not in the backup: put them into ${join(home, "keys")}, then run \`dueline verify\`, apply the list of ` +
          "erasures, and start the program"
      ].join("\n")
    )
    return
  }
  // Before anybody looks at them.
  const applied = yield* applyErasures(settings, erasures)
  const { events, findings, sealed } = yield* verifyHome(settings)
  const wrong = findings.length
  yield* print(
    { home, begunAt: header.begunAt, keys: true, ok: wrong === 0, events, sealed, findings, erasures: applied },
    () =>
      wrong === 0
        ? `restored into ${home}, as of ${header.begunAt}: ${events} events agree with the read models, ${sealed} sealed texts open`
        : `restored into ${home}, but ${wrong} things are wrong: run \`dueline verify\``
  )
  yield* hint(
    erasures.length > 0
      ? appliedWords(applied)
      : "customers erased since the backup are there again: apply a list of erasures; see docs/backup.md"
  )
  if (applied.left.length > 0) return yield* leftOver(applied)
  if (wrong > 0) return yield* new CommandFailed({ message: "The restored installation is not as it should be" })
})
