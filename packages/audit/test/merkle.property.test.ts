/** The tree against RFC 6962 written down as it stands there, and its proofs against trees that are not the ones they are for. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { hash } from "node:crypto"
import {
  append,
  consistencyProof,
  frontierOf,
  type Hash,
  inclusionProof,
  isContinued,
  isIncluded,
  leafHash,
  noLeaves,
  nodeHash,
  rootOf,
  rootOfLeaves
} from "../src/merkle.ts"

const sha = (...parts: ReadonlyArray<Uint8Array>) => hash("sha256", Buffer.concat(parts), "buffer")

/** RFC 6962 § 2.1: MTH({}) = SHA-256(); MTH({d}) = SHA-256(0 || d); else SHA-256(1 || MTH(D[0:k]) || MTH(D[k:n])). */
const treeHash = (data: ReadonlyArray<Uint8Array>): Hash => {
  const [only] = data
  if (only === undefined) return sha()
  if (data.length === 1) return sha(Buffer.of(0), only)
  let k = 1
  while (k * 2 < data.length) k *= 2
  return sha(Buffer.of(1), treeHash(data.slice(0, k)), treeHash(data.slice(k)))
}

const Size = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 300 }))
const Draw = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))

const dataOf = (size: number, seed: number) => Array.from({ length: size }, (_, n) => Buffer.from(`${seed}/${n}`))
const hashes = (data: ReadonlyArray<Uint8Array>) => data.map(leafHash)

describe("a tree of leaves", () => {
  it.prop(
    "has the root that RFC 6962 says, however the leaves came in",
    [Size, Draw, Draw],
    ([size, seed, draw]) => {
      const data = dataOf(size, seed)
      const cut = draw % (size + 1)
      const leaves = hashes(data)
      const grown = append(append(noLeaves, leaves.slice(0, cut)), leaves.slice(cut))
      assert.deepStrictEqual(rootOf(grown), treeHash(data))
      assert.strictEqual(grown.size, size)
      const kept = frontierOf(size, Buffer.concat(grown.peaks))
      assert.deepStrictEqual(kept === null ? null : rootOf(kept), treeHash(data))
      assert.isNull(frontierOf(size, Buffer.concat([...grown.peaks, Buffer.alloc(32)])))
    },
    { tags: ["ADR-0040.1"] }
  )

  it("has the hash of nothing as its root while it is empty", () => {
    assert.deepStrictEqual(rootOf(noLeaves), treeHash([]))
  })

  it.prop(
    "proves of every leaf that it is in, and of no other leaf, place or size",
    [Size, Draw, Draw],
    ([size, seed, draw]) => {
      const leaves = hashes(dataOf(size, seed))
      const root = rootOfLeaves(leaves)
      const index = draw % size
      const leaf = leaves[index] ?? Buffer.alloc(0)
      const proof = inclusionProof(leaves, index)
      assert.isTrue(isIncluded({ index, leaf, size }, proof, root))
      assert.isFalse(isIncluded({ index, leaf: leafHash(Buffer.from("another")), size }, proof, root))
      if (size > 1) assert.isFalse(isIncluded({ index: (index + 1) % size, leaf, size }, proof, root))
      assert.isFalse(isIncluded({ index, leaf, size }, [...proof, root], root))
      if (proof.length > 0) assert.isFalse(isIncluded({ index, leaf, size }, proof.slice(1), root))
    },
    { tags: ["ADR-0040.1"] }
  )

  it.prop(
    "proves that it continues every earlier one, and none in which a leaf was another",
    [Size, Draw, Draw],
    ([size, seed, draw]) => {
      const leaves = hashes(dataOf(size, seed))
      const earlier = draw % (size + 1)
      const proof = consistencyProof(leaves, earlier)
      const head = (of: ReadonlyArray<Hash>) => ({ size: of.length, root: rootOfLeaves(of) })
      assert.isTrue(isContinued(head(leaves.slice(0, earlier)), head(leaves), proof))
      if (earlier === 0) return
      const forged = leaves.with(draw % earlier, leafHash(Buffer.from("forged")))
      assert.isFalse(isContinued(head(forged.slice(0, earlier)), head(leaves), proof))
      assert.isFalse(isContinued(head(leaves.slice(0, earlier)), head(forged), consistencyProof(forged, earlier)))
    },
    { tags: ["ADR-0040.1"] }
  )

  it("tells a node from a leaf of the same bytes", () => {
    const [a, b] = hashes(dataOf(2, 0)) as [Hash, Hash]
    assert.notDeepEqual(nodeHash(a, b), leafHash(Buffer.concat([a, b])))
  })
})
