/** The laws of roles, held for any roles: what is joined, what is narrowed, and that what is forbidden stays so. */
import { AccessScope, platformScopes } from "@dueline/contracts/api/Access"
import {
  builtinRoles,
  conditionsOf,
  granted,
  join,
  leastRole,
  nobody,
  permissionsOf,
  readRoles,
  type Role,
  rolesTable
} from "@dueline/contracts/api/roles"
import { type Attributes, decide, type Verdict, type Where } from "@dueline/contracts/api/conditions"
import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { readFileSync, writeFileSync } from "node:fs"

const Scopes = Schema.Array(AccessScope)
const tenants = ["00000000-0000-7000-8000-0000000000aa", "00000000-0000-7000-8000-0000000000bb"] as const
const AnyWhere = Schema.Struct({
  tag: Schema.optionalKey(Schema.Literals(["north", "south"])),
  tenant: Schema.optionalKey(Schema.Literals(tenants)),
  own: Schema.optionalKey(Schema.Literal(true))
})
const scope = "ops:calls.write"
const Wheres = Schema.Array(AnyWhere).check(Schema.isMaxLength(3))
const AnyRole = Schema.Struct({ allow: Scopes, deny: Scopes, allowWhere: Wheres, denyWhere: Wheres })
const roleOf = ({ allow, allowWhere, deny, denyWhere }: typeof AnyRole.Type): Role => ({
  allow: new Set(allow),
  deny: new Set(deny),
  allowWhere: allowWhere.map((where) => ({ scope, where })),
  denyWhere: denyWhere.map((where) => ({ scope, where }))
})
/** What is known of a call: all of it, or not its tags and who made it. */
const AnyCall = Schema.Struct({
  tenantId: Schema.Literals(tenants),
  tags: Schema.Array(Schema.Literals(["north", "south"])),
  own: Schema.Boolean
})
const meant = ({ own, tag, tenant }: Where, call: typeof AnyCall.Type): boolean =>
  (tag === undefined || call.tags.some((one) => one === tag)) &&
  (tenant === undefined || tenant === call.tenantId) &&
  (own === undefined || call.own)
const may = (role: Role, call: Attributes): Verdict => {
  if (permissionsOf(role).includes(scope)) return "yes"
  const conditions = conditionsOf(role).get(scope)
  return conditions === undefined ? "no" : decide(conditions, call)
}
const Word = Schema.Literals(["one", "two", "unknown"])

describe("roles", { tags: ["ADR-0038.1"] }, () => {
  it.prop(
    "joining is associative, commutative and idempotent, and nobody adds nothing",
    { a: AnyRole, b: AnyRole, c: AnyRole },
    (drawn) => {
      const [a, b, c] = [roleOf(drawn.a), roleOf(drawn.b), roleOf(drawn.c)]
      assert.deepStrictEqual(join(join(a, b), c), join(a, join(b, c)))
      assert.deepStrictEqual(permissionsOf(join(a, b)), permissionsOf(join(b, a)))
      assert.deepStrictEqual(permissionsOf(join(a, a)), permissionsOf(a))
      assert.deepStrictEqual(permissionsOf(join(a, nobody)), permissionsOf(a))
    }
  )

  it.prop(
    "a further role that forbids nothing takes nothing away, and what any of them forbids none gives back",
    { a: AnyRole, b: AnyRole },
    (drawn) => {
      const [a, b] = [roleOf(drawn.a), roleOf(drawn.b)]
      assert.includeMembers(
        [...permissionsOf(join(a, { ...b, deny: new Set(), denyWhere: [] }))],
        [...permissionsOf(a)]
      )
      for (const scope of permissionsOf(join(a, b))) assert.isFalse(a.deny.has(scope) || b.deny.has(scope))
      for (const scope of permissionsOf(join(a, b))) assert.isTrue(a.allow.has(scope) || b.allow.has(scope))
    }
  )

  it.prop(
    "scopes only narrow, fewer scopes allow no more, and a role that is not known allows nothing",
    { one: AnyRole, two: AnyRole, names: Schema.Array(Word), scopes: Scopes, fewer: Scopes },
    ({ fewer, names, one, scopes, two }) => {
      const roles = new Map([
        ["one", roleOf(one)],
        ["two", roleOf(two)]
      ])
      const { conditional, scopes: all } = granted(roles, { names, scopes })
      for (const scope of all) assert.include(scopes as ReadonlyArray<string>, scope)
      const narrowed = granted(roles, { names, scopes: scopes.filter((scope) => fewer.includes(scope)) })
      for (const scope of narrowed.scopes) assert.include(all, scope)
      for (const [scope, conditions] of narrowed.conditional) assert.deepStrictEqual(conditional.get(scope), conditions)
      for (const scope of conditional.keys()) assert.isTrue(scopes.some((one) => one === scope) && !all.includes(scope))
      const known = granted(roles, { names: names.filter((name) => name !== "unknown"), scopes })
      assert.deepStrictEqual({ conditional, scopes: all }, known)
      assert.deepStrictEqual(granted(roles, { names: ["unknown"], scopes }), { conditional: new Map(), scopes: [] })
    }
  )

  it.prop(
    "for one call too: more roles that forbid nothing take nothing away, what one forbids none gives back, and order means nothing",
    { a: AnyRole, b: AnyRole, call: AnyCall },
    (drawn) => {
      const [a, b, call] = [roleOf(drawn.a), roleOf(drawn.b), drawn.call]
      const both = may(join(a, b), call)
      assert.strictEqual(may(join(b, a), call), both)
      assert.strictEqual(may(join(a, a), call), may(a, call))
      assert.notStrictEqual(both, "depends")
      const some = (rules: Role["denyWhere"]) => rules.some(({ where }) => meant(where, call))
      const allows = ({ allow, allowWhere }: Role) => allow.has(scope) || some(allowWhere)
      const denies = ({ deny, denyWhere }: Role) => deny.has(scope) || some(denyWhere)
      assert.strictEqual(both === "yes", (allows(a) || allows(b)) && !denies(a) && !denies(b))
    }
  )

  it.prop(
    "a condition holds of what it says, and what is decided before a call is read is not decided otherwise after",
    { role: AnyRole, where: AnyWhere, call: AnyCall },
    (drawn) => {
      const { call, where } = drawn
      assert.strictEqual(decide({ allow: [where], deny: [] }, call), meant(where, call) ? "yes" : "no")
      const role = roleOf(drawn.role)
      for (const known of [
        { ...call, tags: null, own: null },
        { ...call, own: null }
      ]) {
        const before = may(role, known)
        if (before !== "depends") assert.strictEqual(may(role, call), before)
      }
    }
  )

  it("viewer, editor and admin each have all that the one before has, and none reaches across tenants", () => {
    const [viewer, editor, admin] = [builtinRoles.viewer, builtinRoles.editor, builtinRoles.admin].map(permissionsOf)
    assert.includeMembers([...(editor ?? [])], [...(viewer ?? [])])
    assert.includeMembers([...(admin ?? [])], [...(editor ?? [])])
    assert.isBelow(viewer?.length ?? 0, editor?.length ?? 0)
    assert.isBelow(editor?.length ?? 0, admin?.length ?? 0)
    for (const scope of platformScopes) {
      assert.notInclude(admin ?? [], scope)
      assert.isNull(leastRole(scope))
    }
    for (const scope of viewer ?? []) assert.match(scope, /\.read$/u)
  })

  it("further roles are made of those before them, and every mistake is named", () => {
    const read = readRoles(["planner=viewer +ops:orders.write", "clerk=planner editor -ops:customers.write"])
    if (Result.isFailure(read)) return assert.fail(read.failure)
    const may = (name: string) => permissionsOf(read.success.get(name) ?? nobody)
    assert.include(may("planner"), "ops:orders.write")
    assert.notInclude(may("planner"), "ops:bins.write")
    assert.notInclude(may("clerk"), "ops:customers.write")
    assert.include(may("clerk"), "ops:bins.write")
    for (const [entry, says] of [
      ["Planner=viewer", /name of a-z/u],
      ["viewer=admin", /a role viewer already/u],
      ["x=nobody", /no role nobody before it/u],
      ["x=+ops:everything", /no scope ops:everything/u],
      ["x=", /may do nothing/u],
      ["x", /may do nothing/u],
      ["x=+ops:bins.read -ops:bins.read", /may do nothing/u],
      ["x=+ops:calls.read[tag=a;tag=b]", /tag stands twice/u],
      ["x=+ops:calls.read[]", /write tag=/u],
      ["x=+ops:calls.read[owner=me]", /not owner=me/u],
      ["x=+ops:calls.read[tag=a", /no scope/u],
      ["x=+ops:bins.read[tag=a]", /only ops:calls.read and ops:calls.write ask for tags/u],
      ["x=+ops:shipments.read[own]", /ops:shipments.read is for what nobody has made/u],
      ["x=+ops:audit.read[own]", /ops:audit.read is for what nobody has made/u],
      ["x=+ops:calls.read[tag=a] -ops:calls.read", /may do nothing/u]
    ] as const) {
      const wrong = readRoles([entry])
      assert.match(Result.isFailure(wrong) ? wrong.failure : "", says)
    }
  })

  it("the table in the documents is what the code says", () => {
    const path = new URL("../../../docs/roles.md", import.meta.url)
    const text = readFileSync(path, "utf8")
    const renewed = text.replace(/\| From \|[\s\S]*\n(?=\n|$)/u, `${rolesTable()}\n`)
    if (process.env["UPDATE_GOLDEN"] !== undefined) writeFileSync(path, renewed)
    assert.strictEqual(readFileSync(path, "utf8"), renewed)
  })
})
