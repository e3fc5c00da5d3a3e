/** Where aggregates belong, and who serves them. */
import { fnv1a, partitionCount, partitionOf, rendezvous } from "@dueline/contracts/partition"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

const uuid = Schema.String.check(Schema.isUUID())
const Members = Schema.UniqueArray(Schema.String.check(Schema.isPattern(/^worker-[0-9a-z]{1,10}$/u))).check(
  Schema.isMinLength(1),
  Schema.isMaxLength(8)
)
const Partition = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: partitionCount - 1 }))

describe("partitions", () => {
  it("the hash is FNV-1a with 32 bits", () => {
    const known: ReadonlyArray<readonly [string, number]> = [
      ["", 0x811c9dc5],
      ["a", 0xe40c292c],
      ["foobar", 0xbf9cf968]
    ]
    assert.deepStrictEqual(
      known.map(([text]) => fnv1a(text)),
      known.map(([, hash]) => hash)
    )
  })

  it.prop("an aggregate belongs to one of the partitions, always the same", [uuid, uuid], ([tenant, stream]) => {
    const partition = partitionOf(tenant, stream)
    assert.include(
      Array.from({ length: partitionCount }, (_, n) => n),
      partition
    )
    assert.strictEqual(partitionOf(tenant, stream), partition)
  })

  it.prop(
    "everyone who sees the same members ranks them alike, in whatever order it saw them",
    [Partition, Members],
    ([partition, members]) => {
      assert.deepStrictEqual(rendezvous(partition, members), rendezvous(partition, [...members].reverse()))
      assert.sameMembers([...rendezvous(partition, members)], [...members])
    }
  )

  it.prop(
    "when a member leaves, only its partitions move, each to whoever was second",
    [Members, Schema.Int],
    ([members, pick]) => {
      const gone = members[Math.abs(pick) % members.length]
      for (let partition = 0; partition < partitionCount; partition++) {
        const before = rendezvous(partition, members)
        const after = rendezvous(
          partition,
          members.filter((member) => member !== gone)
        )
        assert.deepStrictEqual(
          after,
          before.filter((member) => member !== gone)
        )
      }
    }
  )

  it("partitions are spread: of three members with drawn names none serves less than an eighth in a hundred draws", () => {
    for (let draw = 0; draw < 100; draw++) {
      const members = [0, 1, 2].map((n) => `worker-${fnv1a(`${draw} ${n}`).toString(36)}`)
      const owners = Array.from({ length: partitionCount }, (_, partition) => rendezvous(partition, members)[0])
      for (const member of members) {
        assert.isAtLeast(owners.filter((owner) => owner === member).length, partitionCount / 8 - 2)
      }
    }
  })
})
