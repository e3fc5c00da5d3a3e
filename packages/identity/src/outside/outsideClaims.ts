/** What a token of an outside issuer says here. Pure; whatever it names beyond what the issuer may give is left out or refused. */
import { tenantScopes } from "@dueline/contracts/api/Access"
import { granted, type Roles } from "@dueline/contracts/api/roles"
import { idAsSent, PlainText, Subject } from "@dueline/contracts/api/Wire"
import { TenantId } from "@dueline/contracts/Ids"
import { Result, Schema } from "effect"
import type { JWTPayload } from "jose"
import { type AccessToken, claimsRefused, type TokenRefused, wordsOf } from "../AccessToken.ts"
import type { Mapping, OutsideIssuer } from "./IssuerSettings.ts"

type Path = string | ReadonlyArray<string>

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const at = (payload: Readonly<Record<string, unknown>>, path: Path | undefined): unknown =>
  path === undefined
    ? undefined
    : (typeof path === "string" ? [path] : path).reduce<unknown>(
        (value, name) => (isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined),
        payload
      )

const Tenant = idAsSent(TenantId)

/** Several as a list, or one: as a text, words of it are parted by blanks (RFC 6749 § 3.3). */
const Names = Schema.Union([
  PlainText,
  Schema.Array(PlainText.check(Schema.isMaxCodePoints(255))).check(Schema.isMaxLength(512))
])

const Claims = Schema.Struct({
  sub: Subject,
  tenant: Schema.optional(
    Schema.Union([Tenant, Schema.Array(Tenant).check(Schema.isMinLength(1), Schema.isMaxLength(100))])
  ),
  roles: Schema.optional(Names),
  scopes: Schema.optional(Names)
})

const decode = Schema.decodeUnknownResult(Claims)

/** None where the token has no such claim. */
const namesOf = (names: typeof Names.Type = []): ReadonlyArray<string> =>
  (typeof names === "string" ? names.split(" ") : names).filter((name) => name !== "")

/** Those that are asked for, without what no outside issuer may give: scopes of operators, who reach across tenants. */
const askedScopes = ({ claims }: Mapping, read: typeof Claims.Type): ReadonlyArray<string> => {
  const all: ReadonlyArray<string> = tenantScopes
  return claims.scopes === undefined ? all : namesOf(read.scopes).filter((scope) => all.includes(scope))
}

/** Those that the token is for and the issuer may speak for. */
const tenantsOf = ({ claims, tenants }: Mapping, { tenant = [] }: typeof Claims.Type): ReadonlyArray<TenantId> => {
  if (claims.tenant === undefined) return tenants === "*" ? [] : tenants.slice(0, 1)
  const named = typeof tenant === "string" ? [tenant] : tenant
  return tenants === "*" ? named : named.filter((id) => tenants.includes(id))
}

/** The same subject of two issuers is two (RFC 7519 § 4.1.2), and neither is one of ours. */
const subjectOf = (issuer: string, subject: string): string => `${issuer}|${subject}`

/** Stand in ID tokens (OpenID Connect § 2), which may have the same `typ` where an issuer's access tokens have none of their own. */
const ofSignIn = ["nonce", "at_hash", "c_hash"]

/** Who is meant, and what that one is given by the mapping. */
export interface Standing {
  readonly subject: string
  /** At least one. */
  readonly tenants: ReadonlyArray<TenantId>
  /** Null where the mapping names no claim for them. */
  readonly roles: ReadonlyArray<string> | null
  readonly scopes: ReadonlyArray<string>
}

export const readStanding = (
  mapping: Mapping,
  payload: Readonly<Record<string, unknown>>
): Result.Result<Standing, TokenRefused> => {
  const { claims, issuer } = mapping
  const decoded = decode({
    ...payload,
    sub:
      typeof payload["sub"] === "string" && payload["sub"] !== "" ? subjectOf(issuer, payload["sub"]) : payload["sub"],
    tenant: at(payload, claims.tenant),
    roles: at(payload, claims.roles),
    scopes: at(payload, claims.scopes)
  })
  if (Result.isFailure(decoded)) return Result.fail(claimsRefused(wordsOf(decoded.failure.issue)))
  const read = decoded.success
  const tenants = tenantsOf(mapping, read)
  if (tenants.length === 0) return Result.fail(claimsRefused("tenant names none that this issuer may speak for"))
  const roles = claims.roles === undefined ? null : namesOf(read.roles)
  return Result.succeed({ subject: read.sub, tenants, roles, scopes: askedScopes(mapping, read) })
}

const TokenTimes = Schema.Struct({
  exp: Schema.Finite,
  jti: Schema.optionalKey(PlainText.check(Schema.isMaxCodePoints(255)))
})
const decodeTimes = Schema.decodeUnknownResult(TokenTimes)

/** What the roles come to, as far as the scopes go, where the issuer sends both; else what it sends is all there is. */
export const readOutside = (
  issuer: OutsideIssuer,
  roles: Roles,
  payload: JWTPayload,
  keyId: string
): Result.Result<AccessToken, TokenRefused> => {
  if (ofSignIn.some((name) => Object.hasOwn(payload, name)))
    return Result.fail(claimsRefused("this is a token that says who signed in (OpenID Connect), not one for access"))
  const times = decodeTimes(payload)
  if (Result.isFailure(times)) return Result.fail(claimsRefused(wordsOf(times.failure.issue)))
  const read = readStanding(issuer, payload)
  if (Result.isFailure(read)) return Result.fail(read.failure)
  const { roles: names, scopes, subject, tenants } = read.success
  const [only = null] = tenants
  return Result.succeed({
    subject,
    tokenId: times.success.jti ?? "",
    // What others call a client or a session is none of ours.
    apiKeyId: null,
    sessionId: null,
    keyId,
    ...granted(roles, { names, scopes }),
    tenantId: tenants.length === 1 ? only : null,
    tenants: tenants.length === 1 ? [] : tenants,
    expiresAt: times.success.exp * 1000
  })
}
