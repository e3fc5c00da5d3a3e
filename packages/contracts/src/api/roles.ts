/**
 * Roles: what somebody may do, by name. Pure: sets of scopes that are joined and narrowed. Nothing is allowed that no role allows, and what a
 * role forbids no other role gives back.
 */
import { Result } from "effect"
import { AccessScope, platformScopes, tenantScopes } from "./Access.ts"

export interface Role {
  readonly allow: ReadonlySet<AccessScope>
  /** Wins over what this role or any other allows. */
  readonly deny: ReadonlySet<AccessScope>
}

export type Roles = ReadonlyMap<string, Role>

const none: ReadonlySet<AccessScope> = new Set()
export const nobody: Role = { allow: none, deny: none }

const allowing = (scopes: Iterable<AccessScope>): Role => ({ allow: new Set(scopes), deny: none })

/** Both at once: whoever has several roles has the union of what they allow, less the union of what they forbid. */
export const join = (a: Role, b: Role): Role => ({
  allow: new Set([...a.allow, ...b.allow]),
  deny: new Set([...a.deny, ...b.deny])
})

/** What the role comes to, in the order of `AccessScope`. */
export const permissionsOf = ({ allow, deny }: Role): ReadonlyArray<AccessScope> =>
  AccessScope.literals.filter((scope) => allow.has(scope) && !deny.has(scope))

/** What decides who gets in, what is kept of others' secrets, and who did what: for admins. */
const guarded: ReadonlySet<AccessScope> = new Set([
  "ops:api-keys.write",
  "ops:courier-sources.write",
  "ops:dead-letters.write",
  "ops:subscriptions.write",
  "ops:audit.read",
  "ops:sessions.write"
])

const viewer = allowing(tenantScopes.filter((scope) => scope.endsWith(".read") && !guarded.has(scope)))
const editor = join(viewer, allowing(tenantScopes.filter((scope) => !guarded.has(scope))))
const admin = join(editor, allowing(tenantScopes))

/** Each has all that the one before it has. None reaches across tenants. */
export const builtinRoles = { viewer, editor, admin } as const
export const builtinNames = Object.keys(builtinRoles) as ReadonlyArray<keyof typeof builtinRoles>

/**
 * What the bearer of a token may do: what its roles come to, as far as the token's scopes go. Scopes only narrow. A role that is not known
 * allows nothing. Without roles, the scopes are all there is.
 */
export const granted = (
  roles: Roles,
  { names, scopes }: { readonly names: ReadonlyArray<string> | null; readonly scopes: ReadonlyArray<string> }
): ReadonlyArray<string> => {
  if (names === null) return scopes
  const permissions: ReadonlyArray<string> = permissionsOf(
    names.map((name) => roles.get(name) ?? nobody).reduce(join, nobody)
  )
  return scopes.filter((scope) => permissions.includes(scope))
}

const roleName = /^[a-z][a-z0-9-]{0,62}$/u
const isScope = (text: string): text is AccessScope => (AccessScope.literals as ReadonlyArray<string>).includes(text)

/** One part of a custom role: another role, a scope with `+`, or one with `-` that is forbidden. */
const readPart = (known: Roles, entry: string, part: string): Result.Result<Role, string> => {
  const role = known.get(part)
  if (role !== undefined) return Result.succeed(role)
  const scope = part.slice(1)
  if (!/^[+-]/u.test(part)) return Result.fail(`"${entry}": there is no role ${part} before it`)
  if (!isScope(scope)) return Result.fail(`"${entry}": there is no scope ${scope}`)
  return Result.succeed(part.startsWith("+") ? allowing([scope]) : { allow: none, deny: new Set([scope]) })
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
    if (permissionsOf(role).length === 0) return Result.fail(`"${entry}": this role may do nothing`)
    roles.set(name, role)
  }
  return Result.succeed(roles)
}

/** For the documents: who has which scope. */
export const rolesTable = (): string => {
  const names = builtinNames.toReversed()
  const marks = (scope: AccessScope) =>
    names.map((name) => (permissionsOf(builtinRoles[name]).includes(scope) ? "yes" : "–"))
  return [
    `| Scope | ${names.join(" | ")} |`,
    `| --- |${names.map(() => " --- |").join("")}`,
    ...AccessScope.literals.map((scope) => `| \`${scope}\` | ${marks(scope).join(" | ")} |`)
  ].join("\n")
}

/** The least of the built-in roles that has the scope; null for what none has. */
export const leastRole = (scope: AccessScope): string | null =>
  platformScopes.has(scope)
    ? null
    : (builtinNames.find((name) => permissionsOf(builtinRoles[name]).includes(scope)) ?? null)
