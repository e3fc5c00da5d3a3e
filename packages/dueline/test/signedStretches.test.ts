/** What a tenant's people get to check the audit log with: stretches of a real database's tree, and what they show when somebody changes it by SQL. */
import { openCheckpoint, verifierOf } from "@dueline/audit/note"
import { append, type Frontier, leafHash, noLeaves, partsOf, placed, rootOf } from "@dueline/audit/merkle"
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { type AuditEntry, AuditTrail, treeBeginning, type TreePlace } from "@dueline/contracts/ports/AuditTrail"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import * as PostgresAuditTrail from "@dueline/postgres/write/PostgresAuditTrail"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import * as SealedTree from "@dueline/postgres/write/SealedTree"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, References } from "effect"
import { sealAll, signer } from "./sealAll.ts"

const layer = Layer.mergeAll(
  PostgresPersistence.layer,
  PostgresAuditTrail.layer,
  SealedTree.layer,
  Layer.succeed(References.MinimumLogLevel, "None")
).pipe(Layer.provideMerge(TestDatabase.layerAlone))

const entry = (tenantId: TenantId): AuditEntry => ({
  tenantId,
  at: Sample.now as EpochMillis,
  actor: { kind: "user", id: "alice" },
  action: "orders.create",
  resource: null,
  outcome: "refused",
  code: "insufficient_scope",
  correlationId: "c0",
  count: 1
})

/** A subtree behind those that are there, which has to fit. */
const grown = (tree: Frontier, leaves: number, hash: Buffer): Frontier => {
  assert.strictEqual(tree.size % leaves, 0)
  const above = append({ size: tree.size / leaves, peaks: tree.peaks }, [hash])
  return { size: tree.size + leaves, peaks: above.peaks }
}

/** All stretches, `limit` leaves at a time: the tree that they come to, the own leaves, and those that are not what was sealed. */
const walk = Effect.fnUntraced(function* (tenantId: TenantId, limit: number) {
  const { stretch } = yield* AuditTrail
  let [tree, from]: [Frontier, TreePlace] = [noLeaves, treeBeginning]
  const own: Array<string> = []
  const wrong: Array<number> = []
  let missing = 0
  for (;;) {
    const found = yield* stretch({ tenantId, from, limit })
    const at = placed(from.at, found.kinds, found)
    missing += at.expected - found.events.found - found.entries.found
    for (const { hash, leaf, leaves } of partsOf(from.at, Buffer.from(found.hashes, "hex"), at.own)) {
      if (leaf !== null) own.push(leaf)
      if (leaf !== null && !leafHash(Buffer.from(leaf)).equals(hash)) wrong.push(tree.size)
      tree = grown(tree, leaves, hash)
    }
    from = { at: tree.size, events: found.events, entries: found.entries }
    if (tree.size < found.size) continue
    const signed = openCheckpoint(found.note ?? "", verifierOf(signer))
    return { tree, own, wrong, missing, signed, sealed: found.sealed }
  }
})

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("stretches of the signed tree", (it) => {
  it.effect(
    "come to the root that was signed, with each leaf of the tenant and of nobody else, and show a row that was changed or is gone",
    () =>
      Effect.gen(function* () {
        const trail = yield* AuditTrail
        const persistence = yield* Persistence
        const tenantId = Sample.tenantId()
        const none = yield* walk(tenantId, 10)
        assert.deepStrictEqual([none.tree.size, none.signed], [0, null])
        for (let n = 0; n < 150; n++) {
          const target = Sample.target()
          const whose = n % 7 === 0 ? { ...target, tenantId } : target
          yield* persistence.commit([Sample.commit(whose, { events: [Sample.event(), Sample.event()] })])
          if (n % 20 === 0) yield* trail.append([entry(tenantId), entry(target.tenantId)])
          if (n % 50 === 0) yield* sealAll
        }
        yield* sealAll
        yield* trail.append([entry(tenantId)])
        for (const limit of [1, 7, 100, 256, 4_096]) {
          const { missing, own, signed, tree, wrong } = yield* walk(tenantId, limit)
          assert.deepStrictEqual([tree.size, missing, wrong], [316, 0, []])
          assert.isTrue(signed?.root.equals(rootOf(tree)))
          assert.strictEqual(signed?.size, 316)
          assert.lengthOf(own, 22 * 2 + 8)
          assert.isTrue(own.every((leaf) => leaf.includes(tenantId)))
        }

        const change = (text: string) =>
          TestDatabase.session((sql) => Effect.andThen(sql`set session_replication_role = replica`, sql.unsafe(text)))
        yield* change(`update dueline.audit_entries set actor_id = 'mallory' where tenant_id = '${tenantId}'
          and position = (select min(position) from dueline.audit_entries where tenant_id = '${tenantId}')`)
        const changed = yield* walk(tenantId, 100)
        assert.lengthOf(changed.wrong, 1)
        assert.isTrue(changed.signed?.root.equals(rootOf(changed.tree)), "the hashes are those that were signed")
        yield* change(`delete from dueline.audit_entries where tenant_id <> '${tenantId}'`)
        const gone = yield* walk(tenantId, 4_096)
        assert.isAbove(gone.missing + gone.wrong.length, 1)
      }),
    { tags: ["ADR-0040.5"] }
  )
})
