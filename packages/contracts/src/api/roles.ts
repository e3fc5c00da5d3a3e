/**
 * Roles: what somebody may do, by name. Pure: sets of scopes that are joined and narrowed. Nothing is allowed that no role allows, and what a
 * role forbids no other role gives back.
 */
import { Result } from "effect"
import { AccessScope, platformScopes, tenantScopes } from "./Access.ts"
import { type Conditions, readWhere, type Where } from "./conditions.ts"

export interface Rule {
  readonly scope: AccessScope
  readonly where: Where
}

export interface Role {
  readonly allow: ReadonlySet<AccessScope>
  /** Wins over what this role or any other allows. */
  readonly deny: ReadonlySet<AccessScope>
  /** The same for what some attribute holds of. */
  readonly allowWhere: ReadonlyArray<Rule>
  readonly denyWhere: ReadonlyArray<Rule>
}

export type Roles = ReadonlyMap<string, Role>

const none: ReadonlySet<AccessScope> = new Set()
export const nobody: Role = { allow: none, deny: none, allowWhere: [], denyWhere: [] }

const allowing = (scopes: Iterable<AccessScope>): Role => ({ ...nobody, allow: new Set(scopes) })

/** Both at once: whoever has several roles has the union of what they allow, less the union of what they forbid. */
export const join = (a: Role, b: Role): Role => ({
  allow: new Set([...a.allow, ...b.allow]),
  deny: new Set([...a.deny, ...b.deny]),
  allowWhere: [...a.allowWhere, ...b.allowWhere],
  denyWhere: [...a.denyWhere, ...b.denyWhere]
})

/** What the role comes to whatever the resource, in the order of `AccessScope`. */
export const permissionsOf = ({ allow, deny, denyWhere }: Role): ReadonlyArray<AccessScope> =>
  AccessScope.literals.filter(
    (scope) => allow.has(scope) && !deny.has(scope) && !denyWhere.some((rule) => rule.scope === scope)
  )

/** What it comes to for some resources only. */
export const conditionsOf = (role: Role): ReadonlyMap<AccessScope, Conditions> => {
  const whatever = permissionsOf(role)
  const found = new Map<AccessScope, Conditions>()
  for (const scope of AccessScope.literals) {
    if (role.deny.has(scope) || whatever.includes(scope)) continue
    const of = (rules: ReadonlyArray<Rule>) => rules.filter((rule) => rule.scope === scope).map(({ where }) => where)
    // One that asks for nothing holds of everything.
    const allow = role.allow.has(scope) ? [{}] : of(role.allowWhere)
    if (allow.length > 0) found.set(scope, { allow, deny: of(role.denyWhere) })
  }
  return found
}

/** What decides who gets in, what is kept of others' secrets, and who did what: for admins. */
const guarded: ReadonlySet<AccessScope> = new Set([
  "ops:api-keys.write",
  "ops:courier-sources.write",
  "ops:dead-letters.write",
  "ops:subscriptions.write",
  "ops:audit.read",
  "ops:sessions.write",
  "ops:retention.write"
])

const viewer = allowing(tenantScopes.filter((scope) => scope.endsWith(".read") && !guarded.has(scope)))
const editor = join(viewer, allowing(tenantScopes.filter((scope) => !guarded.has(scope))))
const admin = join(editor, allowing(tenantScopes))

/** Each has all that the one before it has. None reaches across tenants. */
export const builtinRoles = { viewer, editor, admin } as const
export const builtinNames = Object.keys(builtinRoles) as ReadonlyArray<keyof typeof builtinRoles>

export interface Claimed {
  readonly names: ReadonlyArray<string> | null
  readonly scopes: ReadonlyArray<string>
}
export interface Granted {
  /** Whatever the resource. */
  readonly scopes: ReadonlyArray<string>
  /** For some resources only; none of `scopes` among them. */
  readonly conditional: ReadonlyMap<string, Conditions>
}
const nothing: Granted["conditional"] = new Map()

/**
 * What the bearer of a token may do: what its roles come to, as far as the token's scopes go. Scopes only narrow. A role that is not known
 * allows nothing. Without roles, the scopes are all there is.
 */
export const granted = (roles: Roles, { names, scopes }: Claimed): Granted => {
  if (names === null) return { scopes, conditional: nothing }
  const role = names.map((name) => roles.get(name) ?? nobody).reduce(join, nobody)
  const permissions: ReadonlyArray<string> = permissionsOf(role)
  const conditional = [...conditionsOf(role)].filter(([scope]) => scopes.includes(scope))
  return { scopes: scopes.filter((scope) => permissions.includes(scope)), conditional: new Map(conditional) }
}

const roleName = /^[a-z][a-z0-9-]{0,62}$/u
const isScope = (text: string): text is AccessScope => (AccessScope.literals as ReadonlyArray<string>).includes(text)

/** Of whose resources tags are looked at, and owners. */
const tagged: ReadonlySet<AccessScope> = new Set(["ops:calls.read", "ops:calls.write"])

/** Of whose resources owners alone are looked at: what people make, one by one. Nobody makes a shipment, and what is told across kinds has no maker. */
export const owned: ReadonlySet<AccessScope> = new Set(
  (
    [
      "customers",
      "bins",
      "orders",
      "schedules",
      "subscriptions",
      "courier-sources",
      "api-keys",
      "flows",
      "pauses",
      "jobs"
    ] as const
  ).flatMap((scope) => [`ops:${scope}.read`, `ops:${scope}.write`] as const)
)

/** One part of a custom role: another role, a scope with `+`, or one with `-` that is forbidden; `[…]` behind it: for what. */
const readPart = (known: Roles, entry: string, part: string): Result.Result<Role, string> => {
  const role = known.get(part)
  if (role !== undefined) return Result.succeed(role)
  const [, scope = "", condition] = /^.([^[]*)(?:\[(.*)\])?$/su.exec(part) ?? []
  if (!/^[+-]/u.test(part)) return Result.fail(`"${entry}": there is no role ${part} before it`)
  if (!isScope(scope)) return Result.fail(`"${entry}": there is no scope ${scope}`)
  const allows = part.startsWith("+")
  if (condition === undefined) return Result.succeed(allows ? allowing([scope]) : { ...nobody, deny: new Set([scope]) })
  const where = readWhere(condition)
  if (Result.isFailure(where)) return Result.fail(`"${entry}": ${where.failure}`)
  const { own, tag } = where.success
  if (tag !== undefined && !tagged.has(scope))
    return Result.fail(`"${entry}": only ${[...tagged].join(" and ")} ask for tags`)
  if (own !== undefined && !tagged.has(scope) && !owned.has(scope))
    return Result.fail(`"${entry}": ${scope} is for what nobody has made: leave out own`)
  const rules = [{ scope, where: where.success }]
  return Result.succeed({ ...nobody, [allows ? "allowWhere" : "denyWhere"]: rules })
}

/** `planner=viewer +ops:orders.write, clerk=editor -ops:customers.write`: roles beside the built-in ones, each made of those before it. */
export const readRoles = (entries: ReadonlyArray<string>): Result.Result<Roles, string> => {
  const roles = new Map<string, Role>(Object.entries(builtinRoles))
  for (const entry of entries) {
    const [name = "", rest = ""] = entry.split(/=(.*)/su)
    if (!roleName.test(name)) return Result.fail(`"${entry}": write name=…, the name of a-z, 0-9 and hyphens`)
    if (roles.has(name)) return Result.fail(`"${entry}": there is a role ${name} already`)
    let role = nobody
    for (const part of rest.split(/\s+/u).filter((text) => text !== "")) {
      const read = readPart(roles, entry, part)
      if (Result.isFailure(read)) return Result.fail(read.failure)
      role = join(role, read.success)
    }
    if (permissionsOf(role).length === 0 && conditionsOf(role).size === 0)
      return Result.fail(`"${entry}": this role may do nothing`)
    roles.set(name, role)
  }
  return Result.succeed(roles)
}

/** For the documents: which scopes begin with which role. */
export const rolesTable = (): string => {
  const scopesFrom = (role: string | null) =>
    AccessScope.literals.filter((scope) => leastRole(scope) === role).map((scope) => `\`${scope}\``)
  return [
    "| From | Scopes |",
    "| --- | --- |",
    ...builtinNames.map((name) => `| ${name} | ${scopesFrom(name).join(", ")} |`),
    `| nobody | ${scopesFrom(null).join(", ")} |`
  ].join("\n")
}

/** The least of the built-in roles that has the scope; null for what none has. */
export const leastRole = (scope: AccessScope): string | null =>
  platformScopes.has(scope)
    ? null
    : (builtinNames.find((name) => permissionsOf(builtinRoles[name]).includes(scope)) ?? null)
