/** The check of the audit log, against the tree and the notes as the program makes them. */
import { type NoteSigner, signCheckpoint, signerNamedByKey, verifierOf, verifierText } from "@dueline/audit/note"
import { append, type Frontier, leafHash, noLeaves as noTree, partsOf, rootOf } from "@dueline/audit/merkle"
import { signSuccession } from "@dueline/audit/keyRing"
import type { AuditProof } from "@dueline/contracts/api/AuditEndpoints"
import fc from "fast-check"
import { assert, test } from "vitest"
import { beginning, type Begun, checkStretch, type Checked } from "../src/audit/checkLog.ts"
import { readKey } from "../src/audit/checkpoint.ts"

const signer = signerNamedByKey("dueline/audit", Buffer.alloc(32, 7))
const keyText = verifierText(verifierOf(signer))

interface Log {
  readonly leaves: ReadonlyArray<string>
  /** Every so many-th is the tenant's. */
  readonly each: number
  readonly atOnce: number
}

const logs = (maxLength = 700): fc.Arbitrary<Log> =>
  fc.record({
    leaves: fc.nat({ max: maxLength }).map((count) => Array.from({ length: count }, (_, n) => `leaf ${n}`)),
    each: fc.constantFrom(1, 2, 7, 100, 10_000),
    atOnce: fc.constantFrom(1, 3, 64, 256, 1_000)
  })

const treeOf = (leaves: ReadonlyArray<string>): Frontier =>
  append(
    noTree,
    leaves.map((leaf) => leafHash(Buffer.from(leaf)))
  )

const noteOf = (leaves: ReadonlyArray<string>): string =>
  signCheckpoint({ size: leaves.length, root: rootOf(treeOf(leaves)), at: 0 }, signer)

/** What the edge says of the stretch from there on. `found`: the rows as they are now. */
const stretch = ({ atOnce, each, leaves }: Log, from: number, found = leaves): AuditProof => {
  const to = Math.min(leaves.length, from + atOnce)
  const sealed = leaves.slice(from, to)
  const own = new Map(sealed.flatMap((_, n) => ((from + n) % each === 0 ? [[from + n, found[from + n] ?? ""]] : [])))
  const parts = partsOf(from, Buffer.concat(sealed.map((leaf) => leafHash(Buffer.from(leaf)))), own)
  return {
    from,
    to,
    parts: parts.map((part) => ({ ...part, hash: part.hash.toString("base64") })),
    rows: { expected: sealed.length, found: sealed.length },
    size: leaves.length,
    sealed: leaves.length,
    note: to === leaves.length && to > 0 ? noteOf(leaves) : null,
    resume: `${to}`
  }
}

const check = async (log: Log, { begun = beginning, found = log.leaves, key = keyText } = {}): Promise<Checked> => {
  const trusted = await readKey(key)
  assert.isNotNull(trusted)
  let state: Begun & Pick<Checked, "findings"> = { ...begun, findings: [] }
  for (;;) {
    const next = await checkStretch(state, stretch(log, state.tree.size, found), trusted)
    if (next.done) return next
    state = next
  }
}

test("a log that is as it was signed is found so, all of it, however it is cut and whoever's the leaves are", () =>
  fc.assert(
    fc.asyncProperty(logs(), async (log) => {
      const { findings, own, tree } = await check(log)
      assert.deepStrictEqual(findings, [])
      assert.strictEqual(tree.size, log.leaves.length)
      assert.strictEqual(own, Math.ceil(log.leaves.length / log.each))
    }),
    { numRuns: 60 }
  ))

test("an own leaf that was changed is named", () =>
  fc.assert(
    fc.asyncProperty(
      logs().filter(({ leaves }) => leaves.length > 0),
      fc.nat(),
      async (log, n) => {
        const at = (n % Math.ceil(log.leaves.length / log.each)) * log.each
        const found = log.leaves.with(at, "another")
        assert.deepStrictEqual(
          (await check(log, { found })).findings.map(({ leaf }) => leaf),
          [at]
        )
      }
    ),
    { numRuns: 40 }
  ))

test("a log that grew goes on from what was kept, and one that was written anew before that does not come to its root", () =>
  fc.assert(
    fc.asyncProperty(logs(), fc.integer({ min: 1, max: 300 }), fc.nat(), async (log, more, n) => {
      fc.pre(log.leaves.length > 0)
      const kept = await check(log)
      const longer = { ...log, leaves: [...log.leaves, ...Array.from({ length: more }, (_, m) => `later ${m}`)] }
      assert.deepStrictEqual((await check(longer, { begun: kept })).findings, [])
      // Signed by the same key, and true in itself.
      const rewritten = { ...longer, leaves: longer.leaves.with(n % log.leaves.length, "rewritten") }
      assert.deepStrictEqual((await check(rewritten)).findings, [])
      assert.match((await check(rewritten, { begun: kept })).findings[0]?.what ?? "", /do not come to the root/u)
      const shorter = { ...log, leaves: log.leaves.slice(0, -1) }
      const [cut] = (await checkStretch({ ...kept, findings: [] }, stretch(shorter, shorter.leaves.length), null))
        .findings
      assert.match(cut?.what ?? "", /leaves were there before/u)
    }),
    { numRuns: 40 }
  ))

test("a checkpoint of another key is told, and rows that are missing are counted", async () => {
  const log = { leaves: ["a", "b", "c"], each: 1, atOnce: 10 }
  const other = verifierText(verifierOf(signerNamedByKey("dueline/audit", Buffer.alloc(32, 8))))
  assert.match((await check(log, { key: other })).findings[0]?.what ?? "", /is not signed by/u)
  const proof = { ...stretch(log, 0), rows: { expected: 3, found: 1 } }
  const [missing] = (await checkStretch({ ...beginning, findings: [] }, proof, null)).findings
  assert.match(missing?.what ?? "", /leaves 0 to 2, of all tenants, 2 are missing/u)
  for (const text of ["", "x", keyText.replace("a", "b"), `${keyText}=`]) assert.isNull(await readKey(text))
})

const keyOf = (n: number) => signerNamedByKey("dueline/audit", Buffer.alloc(32, n))
const textOf = (key: NoteSigner): string => verifierText(verifierOf(key))

test("who has a key goes on to the one that follows it, as both have signed, and believes the earlier one no more", async () => {
  const log = { leaves: ["a", "b", "c"], each: 1, atOnce: 10 }
  const [second, third, stranger] = [keyOf(8), keyOf(9), keyOf(10)]
  const head = (size: number) => ({ size, root: rootOf(treeOf(log.leaves.slice(0, size))), at: 0 })
  const links = [signSuccession(head(1), signer, second), signSuccession(head(2), second, third)]
  /** Of a log that `by` has signed, checked by who trusts `trusted`. */
  const checked = async (trusted: NoteSigner, by: NoteSigner, successions: ReadonlyArray<string>) => {
    const proof = { ...stretch(log, 0), note: signCheckpoint(head(3), by), successions }
    const { findings, follower } = await checkStretch(
      { ...beginning, findings: [] },
      proof,
      await readKey(textOf(trusted))
    )
    return { follower: follower?.text ?? null, findings: findings.map(({ what }) => what).join() }
  }
  assert.deepStrictEqual(await checked(signer, third, links), { follower: textOf(third), findings: "" })
  assert.deepStrictEqual(await checked(third, third, links), { follower: null, findings: "" })
  // Whoever trusts the later one believes the earlier one, of no larger tree than it was followed at.
  for (const by of [signer, second]) assert.include((await checked(third, by, links)).findings, "is not signed by")
  const late = [signSuccession(head(3), signer, second)]
  assert.strictEqual((await checked(second, signer, late)).findings, "")
  const [one = "", two = ""] = links
  const ofStranger = signSuccession(head(1), stranger, second)
  // As if both had signed: only the one that follows has, under the name of the other.
  const forged = one.replace(textOf(second), textOf(stranger))
  const alone = signSuccession(head(1), { ...stranger, name: signer.name }, stranger).replace(
    textOf({ ...stranger, name: signer.name }),
    textOf(signer)
  )
  for (const links of [[], [two], [forged], [alone], [ofStranger], [one.replace("\n1\n", "\n2\n"), two]])
    assert.include((await checked(signer, third, links)).findings, "is not signed by")
  for (const links of [[forged], [alone]])
    assert.include((await checked(signer, stranger, links)).findings, "is not signed by")
  const fork = await checked(signer, third, [...links, signSuccession(head(1), signer, stranger)])
  assert.include(fork.findings, "is followed by two keys")
})

test("parts that make no tree, or hashes that are not there, end the check", async () => {
  const log = { leaves: ["a", "b", "c", "d"], each: 10, atOnce: 2 }
  const proof = stretch(log, 0)
  const shifted = { ...proof, parts: [{ leaves: 3, hash: proof.parts[0]?.hash ?? "", leaf: null }] }
  assert.match((await checkStretch({ ...beginning, findings: [] }, shifted, null)).findings[0]?.what ?? "", /no tree/u)
  const nothing = await checkStretch({ ...beginning, findings: [] }, { ...proof, parts: [], to: 0 }, null)
  assert.isTrue(nothing.done)
  assert.match(nothing.findings[0]?.what ?? "", /are missing/u)
})
