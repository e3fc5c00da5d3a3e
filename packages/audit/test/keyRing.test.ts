/** A key of checkpoints that is followed by another: both are believed by who trusts one, and the earlier for no larger tree. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { checkpointFile, type NoteSigner, signCheckpoint, signerOf, verifierOf } from "../src/note.ts"
import { openSuccession, signSuccession, successionFile } from "../src/keyRing.ts"
import { leafHash, rootOfLeaves } from "../src/merkle.ts"
import { verifyExport } from "../src/verifyExport.ts"
import { inFolder } from "./inFolder.ts"

const [first, second, third, stranger] = ["first", "second", "third", "stranger"].map((name, n) =>
  signerOf(`dueline-audit-${name}`, Buffer.alloc(32, n + 1))
) as [NoteSigner, NoteSigner, NoteSigner, NoteSigner]

const lines = Array.from({ length: 30 }, (_, n) => `["event/1",${n}]`)
const hashes = lines.map((line) => leafHash(Buffer.from(line)))
const treeOf = (size: number) => ({ size, root: rootOfLeaves(hashes.slice(0, size)), at: size })
const links = [signSuccession(treeOf(10), first, second), signSuccession(treeOf(20), second, third)]
const signed: ReadonlyArray<readonly [number, NoteSigner]> = [
  [5, first],
  [10, first],
  [20, second],
  [30, third]
]

/** Findings of an export, by who trusts `trusted`. */
const findings = (
  trusted: NoteSigner,
  changes: {
    readonly links?: ReadonlyArray<string>
    readonly signed?: typeof signed
    readonly spoil?: (folder: string) => Promise<void>
  } = {}
) =>
  inFolder(async (folder) => {
    const notes = join(folder, "checkpoints")
    await mkdir(notes)
    await writeFile(join(folder, "leaves.ndjson"), lines.map((line) => `${line}\n`).join(""))
    await writeFile(join(folder, "hashes"), Buffer.concat(hashes))
    for (const [size, signer] of changes.signed ?? signed)
      await writeFile(join(notes, checkpointFile(size)), signCheckpoint(treeOf(size), signer))
    for (const [n, link] of (changes.links ?? links).entries()) await writeFile(join(notes, `${n}.key`), link)
    await changes.spoil?.(notes)
    return (await verifyExport({ folder, verifier: verifierOf(trusted) })).findings
  })

it.effect(
  "whoever trusts any key of the chain believes what all of them signed in their time, offline",
  () =>
    Effect.gen(function* () {
      for (const trusted of [first, second, third]) assert.deepStrictEqual(yield* findings(trusted), [])
      assert.isNotEmpty(yield* findings(stranger))
    }),
  { tags: ["ADR-0040.7"] }
)

it.effect(
  "an earlier key is believed for no larger tree than the one at which it was followed",
  () =>
    Effect.gen(function* () {
      for (const trusted of [first, third]) {
        const [found] = yield* findings(trusted, { signed: [...signed.slice(0, 3), [30, first]] })
        assert.include(found?.what, "while it was the key")
      }
    }),
  { tags: ["ADR-0040.7"] }
)

it.effect(
  "a link that is missing, that one of the two has not signed, or that was changed leads nowhere, and two that fork are told",
  () =>
    Effect.gen(function* () {
      const [one = "", two = ""] = links
      assert.isNotEmpty(yield* findings(first, { links: [one] }))
      const [text = ""] = signSuccession(treeOf(20), second, third).split("\n\n")
      const alone = `${text}\n\n${two.split("\n\n")[1]?.split("\n")[0]}\n`
      assert.isNotNull(openSuccession(two))
      assert.isNull(openSuccession(alone))
      assert.isNotEmpty(yield* findings(first, { links: [one, alone] }))
      assert.isNull(openSuccession(two.replace("\n20\n", "\n21\n")))
      const forked = yield* findings(first, { links: [one, two, signSuccession(treeOf(10), first, stranger)] })
      assert.include(forked[0]?.what, "followed by two keys")
      // What stands in a link was signed as a checkpoint is.
      const wrong = signSuccession({ ...treeOf(10), root: Buffer.alloc(32, 9) }, first, second)
      assert.isNotEmpty(yield* findings(first, { links: [wrong, two] }))
      const named = openSuccession(one)
      assert.strictEqual(named === null ? "" : successionFile(named), "000000000000010-dueline-audit-second.key")
    }),
  { tags: ["ADR-0040.7"] }
)

it.effect("every other byte of a link is refused", () =>
  Effect.gen(function* () {
    const bytes = Buffer.from(links[0] ?? "")
    for (let n = 0; n < bytes.length; n++) {
      const other = Buffer.from(bytes)
      other[n] = (other[n] ?? 0) ^ 1
      assert.isNull(openSuccession(other.toString("latin1")), `byte ${n}`)
    }
    assert.isNotEmpty(
      yield* findings(first, {
        spoil: async (notes) => {
          const path = join(notes, "0.key")
          await writeFile(path, (await readFile(path, "utf8")).replace("signed at 1970", "signed at 1971"))
        }
      })
    )
  })
)
