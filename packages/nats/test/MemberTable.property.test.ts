/** Who is there, against a model that remembers everything that was ever said. */
import { rendezvous } from "@dueline/contracts/partition"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { MemberTable } from "../src/members/MemberTable.ts"

const Id = Schema.Literals(["a", "b", "c"])
const Step = Schema.TaggedUnion({
  Hear: { id: Id, leaving: Schema.Boolean },
  Lose: { id: Id, kind: Schema.Literals(["gone", "lost"]) },
  Pass: { ms: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_500 })) },
  Excuse: {}
})

const roles = { a: ["api"], b: ["orchestrator", "timer"], c: ["orchestrator"] } as const

describe("members", () => {
  it.prop(
    "those are there who were heard and have neither left nor been lost; silent are those not heard for long enough",
    [Schema.Array(Step).check(Schema.isMaxLength(30))],
    ([steps]) => {
      const table = new MemberTable()
      const heardAt = new Map<string, number>()
      let now = 0
      for (const step of steps) {
        if (step._tag === "Pass") now += step.ms
        else if (step._tag === "Excuse") {
          table.excuse(now)
          for (const id of heardAt.keys()) heardAt.set(id, now)
        } else {
          const was = heardAt.has(step.id)
          const change =
            step._tag === "Lose"
              ? table.lose(step.id, step.kind)
              : table.receive({ id: step.id, roles: roles[step.id], state: step.leaving ? "leaving" : "serving" }, now)
          const gone = step._tag === "Lose" || step.leaving
          if (gone) heardAt.delete(step.id)
          else heardAt.set(step.id, now)
          const kind = was === !gone ? null : was ? (step._tag === "Lose" ? step.kind : "left") : "joined"
          assert.deepStrictEqual(change, kind === null ? null : { id: step.id, roles: roles[step.id], kind })
        }
        const there = [...heardAt.keys()].sort()
        assert.deepStrictEqual(
          table.withRole("orchestrator"),
          there.filter((id) => id !== "a")
        )
        assert.strictEqual(table.withRole("orchestrator"), table.withRole("orchestrator"))
        assert.deepStrictEqual(table.ranking(5), rendezvous(5, table.withRole("orchestrator")))
        assert.strictEqual(table.ranking(5), table.ranking(5))
        assert.sameMembers(
          [...table.silent(now, 2_000)],
          there.filter((id) => now - (heardAt.get(id) ?? 0) >= 2_000)
        )
      }
    }
  )
})
