/** Issuers of others whose access tokens are believed here, as the settings name them. */
import { schemaWords } from "@dueline/contracts/api/schemaWords"
import { TenantId } from "@dueline/contracts/Ids"
import { idAsSent, PlainText } from "@dueline/contracts/api/Wire"
import { Result, Schema } from "effect"
import { tokenType } from "../AccessToken.ts"

const Text = (most: number) => PlainText.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(most))

/** The name of a claim, or the path to one inside others: `["realm_access", "roles"]`. */
const Claim = Schema.Union([Text(255), Schema.Array(Text(255)).check(Schema.isMinLength(1), Schema.isMaxLength(5))])

const onThisMachine = new Set(["localhost", "127.0.0.1", "[::1]"])

/** Over TLS, but for what is on this machine. */
export const IssuerUrl = Schema.String.check(
  Schema.makeFilter((text) => {
    const url = URL.parse(text)
    if (url === null) return "expected a URL"
    if (url.username !== "" || url.password !== "") return "expected a URL without user and password"
    return (
      url.protocol === "https:" ||
      (url.protocol === "http:" && onThisMachine.has(url.hostname)) ||
      "expected an https URL; http only on this machine, with --demo"
    )
  })
)

/** Which claims say what. None has a meaning that is not written here. */
export const ClaimMapping = Schema.Struct({
  /** Holds the id of a tenant, or several of them. */
  tenant: Schema.optionalKey(Claim),
  roles: Schema.optionalKey(Claim),
  scopes: Schema.optionalKey(Claim)
}).check(
  Schema.makeFilter(
    ({ roles, scopes }) => roles !== undefined || scopes !== undefined || "expected roles, scopes, or both"
  )
)

/** The ids of those tenants that it may speak for; `*`: all. */
export const SpeaksFor = Schema.Union([
  Schema.Literal("*"),
  Schema.Array(idAsSent(TenantId)).check(Schema.isMinLength(1), Schema.isMaxLength(1_000))
])

export interface Mapping {
  /** `iss`, to the letter. */
  readonly issuer: string
  readonly claims: typeof ClaimMapping.Type
  readonly tenants: typeof SpeaksFor.Type
}

/** Which tenant is meant has to follow from the token or from the mapping. */
export const speaksForSome = ({ claims, tenants }: Pick<Mapping, "claims" | "tenants">): true | string =>
  claims.tenant !== undefined ||
  (tenants !== "*" && tenants.length === 1) ||
  "expected claims.tenant, or exactly one of tenants"

const Issuer = Schema.Struct({
  /** As `iss` in its tokens, to the letter. */
  issuer: Text(200),
  jwksUri: IssuerUrl,
  /** One of those that `aud` names. */
  audience: Text(255),
  claims: ClaimMapping,
  tenants: SpeaksFor,
  /** What `typ` is in the header of its access tokens. Without it, as RFC 9068 § 2.1 has it. */
  typ: Schema.optionalKey(Schema.Literals([tokenType, "JWT"]))
}).check(Schema.makeFilter(speaksForSome))

export type OutsideIssuer = typeof Issuer.Type

/** Whether its keys come without TLS, which is for trying things out. */
export const isPlain = ({ jwksUri }: OutsideIssuer): boolean => new URL(jwksUri).protocol === "http:"

const List = Schema.Array(Issuer).check(Schema.isMaxLength(16))

const example =
  '[{"issuer":"https://id.example","jwksUri":"https://id.example/jwks","audience":"operations","claims":{"tenant":"tenant_id","roles":"roles"},"tenants":"*"}]'

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`not JSON; write ${example}`)
  }
}

/** Empty: none. Throws an error that names every mistake. */
export const readIssuers = (text: string): ReadonlyArray<OutsideIssuer> => {
  if (text.trim() === "") return []
  const decoded = Schema.decodeUnknownResult(List, { errors: "all", onExcessProperty: "error" })(parse(text))
  if (Result.isFailure(decoded)) {
    const words = schemaWords(decoded.failure.issue).issues.map(({ message, path = [] }) =>
      `${path.map(String).join(".")} ${message}`.trim()
    )
    throw new Error(words.join("; "))
  }
  const names = decoded.success.map(({ issuer }) => issuer)
  const twice = new Set(names.filter((name, at) => names.indexOf(name) !== at))
  if (twice.size > 0) throw new Error([...twice].map((name) => `${name} is there twice`).join("; "))
  return decoded.success
}
