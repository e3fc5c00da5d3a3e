/** One tenant's leaves with their proofs: believed as they are, and nothing else is. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { checkpointFile, signCheckpoint, signerOf, verifierOf } from "../src/note.ts"
import { inclusionProof, leafHash, rootOfLeaves } from "../src/merkle.ts"
import { headLine, holdsProofs, isOf, makeProver, provedLine, verifyProofs } from "../src/proofs.ts"
import { inFolder } from "./inFolder.ts"

const signer = signerOf("dueline-audit-test", Buffer.alloc(32, 7))
const [mine, theirs] = ["5f0c9f57-3c1f-8a53-9d64-6b1f1f2f8a10", "5f0c9f57-3c1f-8a53-9d64-6b1f1f2f8a11"]

const treeOf = (size: number) => {
  const leaves = Array.from({ length: size }, (_, n) =>
    n % 3 === 1 ? `["entry/1","${mine}",${n}]` : `["event/1","${n % 2 === 0 ? mine : theirs}",${n}]`
  )
  const hashes = leaves.map((leaf) => leafHash(Buffer.from(leaf)))
  return { leaves, hashes, prove: makeProver(Buffer.concat(hashes)) }
}

it("a proof is the one of RFC 6962, for every leaf of every tree", () => {
  for (let size = 1; size <= 33; size++) {
    const { hashes, prove } = treeOf(size)
    for (let at = 0; at < size; at++)
      assert.isTrue(prove(at).equals(Buffer.concat(inclusionProof(hashes, at))), `${at} of ${size}`)
  }
})

const verdictOf = (change: (lines: Array<string>) => ReadonlyArray<string> = (lines) => lines) =>
  inFolder(async (folder) => {
    const { hashes, leaves, prove } = treeOf(50)
    const lines = leaves.flatMap((leaf, at) => (isOf(leaf, mine ?? "") ? [provedLine(at, leaf, prove(at))] : []))
    await mkdir(join(folder, "checkpoints"))
    const note = signCheckpoint({ size: 50, root: rootOfLeaves(hashes), at: 1 }, signer)
    await writeFile(join(folder, "checkpoints", checkpointFile(50)), note)
    const text = change([headLine({ tenant: mine ?? "", size: 50 }), ...lines])
    await writeFile(join(folder, "proofs.ndjson"), text.map((line) => `${line}\n`).join(""))
    assert.isTrue(holdsProofs(folder))
    return verifyProofs({ folder, verifier: verifierOf(signer) })
  })

it.effect(
  "leaves of a tenant are verified without those of others; one that was changed, moved, made up or is another's is named",
  () =>
    Effect.gen(function* () {
      const whole = yield* verdictOf()
      assert.deepStrictEqual([whole.findings, whole.leaves, whole.signed?.size], [[], 34, 50])
      const { hashes, leaves, prove } = treeOf(50)
      const foreign = leaves.findIndex((leaf) => isOf(leaf, theirs ?? ""))
      const changes: ReadonlyArray<readonly [string, (lines: Array<string>) => ReadonlyArray<string>]> = [
        ["not in the tree", (lines) => lines.with(5, (lines[5] ?? "").replace(/,\d+\]/u, ",777]"))],
        ["not in the tree", (lines) => lines.with(5, (lines[5] ?? "").replace('"at":', '"at":1'))],
        ["not in the tree", (lines) => lines.with(5, provedLine(6, `["event/1","${mine}",6]`, prove(7)))],
        ["comes behind", (lines) => [...lines.slice(0, 5), lines[6] ?? "", lines[5] ?? "", ...lines.slice(7)]],
        ["is not of tenant", (lines) => [...lines, provedLine(foreign + 48, leaves[foreign] ?? "", prove(foreign))]],
        ["no checkpoint of 49", (lines) => lines.with(0, headLine({ tenant: mine ?? "", size: 49 }))],
        ["no leaf with its proof", (lines) => [...lines, "{}"]],
        ["does not say whose", (lines) => lines.slice(1)]
      ]
      for (const [what, change] of changes) {
        const { findings } = yield* verdictOf(change)
        assert.isNotEmpty(findings, what)
        assert.isTrue(
          findings.some((found) => found.what.includes(what)),
          `${what}: ${JSON.stringify(findings)}`
        )
      }
      assert.lengthOf(hashes, 50)
    }),
  { tags: ["ADR-0040.8"] }
)
