/** Places that cannot be written, named to whatever writes files: each is told at once, with what to do, and left as it was. */
import { placeNote } from "@dueline/audit/Sealer"
import { makeFolder } from "@dueline/secrets/secretFiles"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { appendFile, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { intoNewFolder, newFile, writing } from "../src/cli/destination.ts"
import { exportTo } from "../src/work/Retention.ts"
import { runCli } from "./runCli.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "dueline-destination-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

/** By what follows the command, where `@` is a folder with a file `file`, a folder `full` and a folder `empty`. */
const exports = [
  ["@/file", /cannot be written: EEXIST.*\n.*name another place/u],
  ["@/file/under/it", /cannot be written: EEXIST.*\n.*something else is in the way/u],
  ["@/full", /full is not empty\n.*name another folder/u]
] as const
const backups = [
  ["@/empty", /is there already\n.*choose another name/u],
  ["@/missing/file", /cannot be written: ENOENT.*\n.*in a folder that is there/u],
  ["@/file/under", /cannot be written: ENOTDIR.*\n/u],
  ["@/begun", /begun\.part is there already\n.*then remove it/u]
] as const
/** File systems in which nobody can make a file; the recursive `mkdir` of Node never ends in the first. */
const kernel = ["/proc/dueline", "/proc/dueline/under", "/sys/dueline"]

const commands: ReadonlyArray<readonly [args: ReadonlyArray<string>, says: RegExp]> = [
  ...exports.flatMap(([place, says]) => [
    [["audit", "export", place], says] as const,
    [["audit", "export", place, "--tenant", "acme", "--proofs"], says] as const
  ]),
  ...backups.map(([place, says]) => [["backup", place], says] as const),
  ...(process.platform === "linux" ? kernel : []).flatMap((place) => [
    [["audit", "export", place], /cannot be written: E\w+.*\n.*that this user may write/u] as const,
    [["backup", place], /cannot be written: E\w+.*\n.*that this user may write/u] as const
  ])
]

describe("a place that cannot be written", { timeout: 20_000 }, () => {
  it.effect.each(commands)("is refused before anything else is done: %s", ([args, says]) =>
    Effect.gen(function* () {
      const root = yield* folder
      writeFileSync(join(root, "file"), "there before")
      writeFileSync(join(root, "begun.part"), "of another")
      for (const name of ["full", "empty"]) mkdirSync(join(root, name))
      writeFileSync(join(root, "full", "other"), "")
      const before = readdirSync(root, { recursive: true })
      const seen = yield* runCli(
        args.map((one) => one.replace("@", root)),
        // Nothing is looked for in it.
        { env: { DUELINE_HOME: join(root, "no-home") } }
      )
      assert.strictEqual(seen.exitCode, 1, seen.stderr)
      assert.match(seen.stderr, says)
      assert.deepStrictEqual(readdirSync(root, { recursive: true }), before)
    })
  )

  it.live.skipIf(process.platform !== "linux")("ends what the program writes by itself too", () =>
    Effect.gen(function* () {
      for (const place of kernel) {
        const note = yield* Effect.exit(Effect.tryPromise(() => placeNote(place, "a", "b")))
        assert.isTrue(Exit.isFailure(note))
        const kept = { tenantId: "t", kind: "service-call", at: 0, lines: ["{}"] }
        assert.match((yield* Effect.flip(exportTo(place)(kept))).message, /cannot write to .*: E/u)
      }
    })
  )

  it.live.skipIf(process.platform !== "linux")("leaves nothing of an export behind that the disk has no room for", () =>
    Effect.gen(function* () {
      const root = yield* folder
      mkdirSync(join(root, "empty"))
      for (const place of [join(root, "a", "b"), join(root, "empty")]) {
        const write = writing(place, async () => {
          await writeFile(join(place, "leaves"), "half")
          mkdirSync(join(place, "notes"))
          await appendFile("/dev/full", "the other half")
        })
        const failed = yield* Effect.flip(intoNewFolder(place, write))
        assert.match(failed.message, /cannot be written: ENOSPC/u)
        assert.deepStrictEqual(failed.notes, ["make room there, or name a place on another disk"])
        assert.deepStrictEqual(readdirSync(root, { recursive: true }), ["empty"])
      }
    })
  )

  it.live("keeps what was written whole", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const place = join(root, "a", "b")
      yield* intoNewFolder(
        place,
        writing(place, () => writeFile(join(place, "leaves"), "all"))
      )
      assert.deepStrictEqual(readdirSync(place), ["leaves"])
      assert.isNull(yield* Effect.promise(() => makeFolder(place, 0o755)), "made before")
      const file = join(root, "file")
      yield* Effect.scoped(Effect.map(newFile(file), (unfinished) => assert.isTrue(existsSync(unfinished))))
      assert.deepStrictEqual(readdirSync(root), ["a"])
    })
  )
})
