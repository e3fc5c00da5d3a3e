/** An export with any single change: it is found, and its place is named. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { checkpointFile, signCheckpoint, signerOf, verifierOf } from "../src/note.ts"
import { leafHash, rootOfLeaves } from "../src/merkle.ts"
import { removalAction, removalResource } from "../src/judge.ts"
import { removedLine, verifyExport } from "../src/verifyExport.ts"
import { inFolder } from "./inFolder.ts"

const signer = signerOf("dueline.audit/one", Buffer.alloc(32, 7))
const verifier = verifierOf(signer)

const Size = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 600 }))
const Draw = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000_000 }))

const lineOf = (n: number) => `["event/1","tenant",${n},"Something",{"n":${n}}]`

interface Export {
  readonly lines: Array<string>
  readonly hashes: Array<Buffer>
  readonly notes: Array<string>
}

const exportOf = (size: number, lines = Array.from({ length: size }, (_, n) => lineOf(n))): Export => {
  const hashes = lines.map((line) => leafHash(Buffer.from(line)))
  const sizes = [...new Set([Math.ceil(size / 2), size])]
  const notes = sizes.map((size) =>
    signCheckpoint({ size, root: rootOfLeaves(hashes.slice(0, size)), at: size }, signer)
  )
  return { lines, hashes, notes }
}

const text = (lines: ReadonlyArray<string>) => lines.map((line) => `${line}\n`).join("")

const write = async (folder: string, { hashes, lines, notes }: Export) => {
  await mkdir(join(folder, "checkpoints"))
  await writeFile(join(folder, "leaves.ndjson"), text(lines))
  await writeFile(join(folder, "hashes"), Buffer.concat(hashes))
  for (const [n, note] of notes.entries()) await writeFile(join(folder, "checkpoints", checkpointFile(n)), note)
}

const verdictOf = (of: Export, spoil: (folder: string) => Promise<void> = () => Promise.resolve()) =>
  inFolder(async (folder) => {
    await write(folder, of)
    await spoil(folder)
    return verifyExport({ folder, verifier })
  })

const flipped = (file: string, draw: number) => async (folder: string) => {
  const path = join(folder, file)
  const bytes = await readFile(path)
  const bit = draw % (bytes.length * 8)
  const at = Math.floor(bit / 8)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit % 8))
  await writeFile(path, bytes)
}

/** The line that the byte is in. */
const lineAt = (lines: ReadonlyArray<string>, draw: number) => {
  let rest = Math.floor((draw % (Buffer.byteLength(text(lines)) * 8)) / 8)
  let line = 0
  while (rest > Buffer.byteLength(lines[line] ?? "")) rest -= Buffer.byteLength(lines[line++] ?? "") + 1
  return line
}

const runs = { arbitrary: { runs: 40 } }

describe("an export", () => {
  it.effect("that nobody touched is what was sealed", () =>
    Effect.gen(function* () {
      for (const size of [1, 2, 255, 256, 257, 600]) {
        const { findings, leaves, signed } = yield* verdictOf(exportOf(size))
        assert.deepStrictEqual({ findings, leaves, size: signed?.size }, { findings: [], leaves: size, size })
      }
    })
  )

  it.effect.prop(
    "with one bit flipped in a leaf names that leaf",
    [Size, Draw],
    ([size, draw]) =>
      Effect.gen(function* () {
        const of = exportOf(size)
        const { findings } = yield* verdictOf(of, flipped("leaves.ndjson", draw))
        assert.strictEqual(findings.at(-1)?.leaf, lineAt(of.lines, draw), JSON.stringify(findings))
      }),
    { ...runs, tags: ["ADR-0040.2"] }
  )

  it.effect.prop(
    "with one bit flipped among the hashes names the hash",
    [Size, Draw],
    ([size, draw]) =>
      Effect.gen(function* () {
        const { findings } = yield* verdictOf(exportOf(size), flipped("hashes", draw))
        assert.strictEqual(findings.length, 1)
        assert.include(findings[0]?.where, "hashes")
        assert.strictEqual(findings[0]?.leaf, Math.floor((draw % (size * 256)) / 256))
      }),
    { ...runs, tags: ["ADR-0040.2"] }
  )

  it.effect.prop(
    "without some leaves says from which on they are missing, and how many",
    [Size, Draw, Draw],
    ([size, from, many]) =>
      Effect.gen(function* () {
        const of = exportOf(size)
        const at = from % size
        const count = 1 + (many % (size - at))
        const { findings } = yield* verdictOf({ ...of, lines: of.lines.toSpliced(at, count) })
        assert.deepStrictEqual(
          findings.map(({ leaf, what }) => [
            leaf,
            what.includes("missing") && (count === 1 || what.includes(String(count - 1)))
          ]),
          [[at, true]]
        )
      }),
    { ...runs, tags: ["ADR-0040.2"] }
  )

  it.effect.prop(
    "with leaves too many says where they were put in",
    [Size, Draw],
    ([size, draw]) =>
      Effect.gen(function* () {
        const of = exportOf(size)
        const at = draw % (size + 1)
        const { findings } = yield* verdictOf({ ...of, lines: of.lines.toSpliced(at, 0, lineOf(-1), lineOf(-2)) })
        assert.strictEqual(findings[0]?.leaf, at)
        assert.include(findings[0]?.what, "added")
      }),
    { ...runs, tags: ["ADR-0040.2"] }
  )

  it.effect.prop(
    "in another order says so at the first leaf that is elsewhere",
    [Size, Draw, Draw],
    ([size, one, two]) =>
      Effect.gen(function* () {
        if (size === 1) return
        const of = exportOf(size)
        const a = one % (size - 1)
        const b = a + 1 + (two % (size - 1 - a))
        const lines = of.lines.with(a, of.lines[b] ?? "").with(b, of.lines[a] ?? "")
        const { findings } = yield* verdictOf({ ...of, lines })
        assert.strictEqual(findings[0]?.leaf, a)
        assert.include(findings[0]?.what, "another place")
      }),
    { ...runs, tags: ["ADR-0040.2"] }
  )

  it.effect.prop(
    "of which all was written anew, the hashes too, names the leaves of the first checkpoint that says otherwise",
    [Size, Draw],
    ([size, draw]) =>
      Effect.gen(function* () {
        const of = exportOf(size)
        const at = draw % size
        const forged = exportOf(size, of.lines.with(at, lineOf(-1)))
        const { findings } = yield* verdictOf({ ...forged, notes: of.notes })
        const half = Math.ceil(size / 2)
        assert.strictEqual(findings[0]?.leaf, at < half ? 0 : half)
      }),
    { ...runs, tags: ["ADR-0040.2"] }
  )

  it.effect.prop(
    "that was cut off, the hashes too, is short of its checkpoint",
    [Size, Draw],
    ([size, draw]) =>
      Effect.gen(function* () {
        const of = exportOf(size)
        const kept = draw % size
        const { findings } = yield* verdictOf({ ...exportOf(kept), notes: of.notes })
        assert.isNotEmpty(findings)
        assert.include(findings[0]?.what, "short")
        assert.strictEqual(findings[0]?.leaf, kept)
      }),
    { ...runs, tags: ["ADR-0040.2"] }
  )

  it.effect("that was cut off with its last checkpoint is found out by the checkpoint in the second place", () =>
    Effect.gen(function* () {
      const [whole, cut] = [exportOf(300), exportOf(150)]
      const verdict = yield* inFolder((folder) =>
        inFolderPair(folder, cut, whole.notes).then(() =>
          verifyExport({ folder: join(folder, "export"), checkpoints: join(folder, "second"), verifier })
        )
      )
      assert.deepStrictEqual(
        verdict.findings.map(({ leaf, what }) => [leaf, what]),
        [[150, "ends 150 leaves short of the checkpoint of 300"]]
      )
    })
  )

  it.effect("without a checkpoint, or with leaves behind the last one, is not called sealed", () =>
    Effect.gen(function* () {
      const of = exportOf(10)
      assert.isNotEmpty((yield* verdictOf({ ...of, notes: [] })).findings)
      const { findings } = yield* verdictOf({ ...of, notes: of.notes.slice(0, 1) })
      assert.deepStrictEqual(
        findings.map(({ leaf }) => leaf),
        [5]
      )
    })
  )

  it.effect(
    "may lack what the log says was removed, and nothing else",
    () =>
      Effect.gen(function* () {
        const entry = (from: number, to: number) =>
          JSON.stringify(["entry/1", "tenant", 1, "system", "retention", removalAction, removalResource({ from, to })])
        const lines = [...Array.from({ length: 20 }, (_, n) => lineOf(n)), entry(3, 6)]
        const of = exportOf(21, lines)
        const without = (...gone: ReadonlyArray<number>) => ({
          ...of,
          lines: of.lines.map((line, n) => (gone.includes(n) ? removedLine(of.hashes[n] ?? Buffer.alloc(32)) : line))
        })
        const kept = yield* verdictOf(without(3, 4, 5))
        assert.deepStrictEqual([kept.findings, kept.removed], [[], [{ from: 3, to: 6 }]])
        const { findings } = yield* verdictOf(without(3, 4, 5, 9))
        assert.deepStrictEqual(
          findings.map(({ leaf }) => leaf),
          [9]
        )
      }),
    { tags: ["ADR-0040.4"] }
  )
})

const inFolderPair = async (folder: string, of: Export, second: ReadonlyArray<string>) => {
  await mkdir(join(folder, "export"))
  await write(join(folder, "export"), of)
  await mkdir(join(folder, "second"))
  for (const [n, note] of second.entries()) await writeFile(join(folder, "second", checkpointFile(n)), note)
}
