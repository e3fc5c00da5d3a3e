/** Who may do what: the principal behind a request, the scopes, and the middleware that stands before every protected endpoint. */
import { Context, Schema } from "effect"
import { HttpApiMiddleware, HttpApiSecurity, OpenApi } from "effect/http-api"
import type { ApiKeyId } from "../apiKey/ApiKey.ts"
import type { TenantId } from "../Ids.ts"
import { categories, type Category, kinds } from "../kinds.ts"
import type { SessionId } from "../session/Session.ts"
import type { Conditions } from "./conditions.ts"
import { problems } from "./ProblemError.ts"

type KindScope = `ops:${(typeof kinds)[Category]["scope"]}.${"read" | "write"}`

/** What stands beside the kinds. */
const others = [
  "ops:timeline.read",
  "ops:audit.read",
  "ops:overview.read",
  "ops:dead-letters.read",
  "ops:dead-letters.write",
  "ops:events.read",
  "ops:events.write",
  "ops:retention.read",
  "ops:retention.write",
  "ops:sessions.read",
  "ops:sessions.write"
] as const

/** Two for each kind of aggregate, for dead letters, product events and sessions, and one for what is told across all of them. */
/** Two for each kind of aggregate, for dead letters and for product events, and one each for what is told and what is counted across all of them. */
export const AccessScope = Schema.Literals([
  ...categories.flatMap((category): ReadonlyArray<KindScope> => {
    const { scope } = kinds[category]
    return [`ops:${scope}.read`, `ops:${scope}.write`]
  }),
  ...others
] as ReadonlyArray<KindScope | (typeof others)[number]>)
export type AccessScope = typeof AccessScope.Type

/** Those that reach across tenants: for whoever runs the installation. Nobody has one unasked, and the asker's own tenant need not be there. */
export const platformScopes: ReadonlySet<AccessScope> = new Set(["ops:tenants.read", "ops:tenants.write"])

/** What a tenant's own people may be given. */
export const tenantScopes = AccessScope.literals.filter((scope) => !platformScopes.has(scope))

/** The authenticated asker. Its tenant is the only one a handler may use. */
export class Principal extends Context.Service<
  Principal,
  {
    readonly tenantId: TenantId
    readonly subject: string
    readonly scopes: ReadonlyArray<string>
    /** What has to hold of each resource that this request touches, where that could not be decided before. */
    readonly where?: Conditions
    /** Whose key it came with; null for a token. */
    readonly apiKey: { readonly id: ApiKeyId; readonly workspace: string } | null
    /** That of a person who signed in; null for a token or a key. */
    readonly session: { readonly tenantId: TenantId; readonly sessionId: SessionId } | null
  }
>()("@dueline/contracts/api/Principal") {}

/** The scope an endpoint asks for. An endpoint that says nothing is closed to everyone. */
export class RequiredScope extends Context.Service<RequiredScope, AccessScope>()(
  "@dueline/contracts/api/RequiredScope"
) {}

/** Looks at the attributes of what it touches (`Principal.where`). One that does not is closed to whoever may do it for some resources only. */
export class ChecksAttributes extends Context.Service<ChecksAttributes, true>()(
  "@dueline/contracts/api/ChecksAttributes"
) {}

export class BearerAuth extends HttpApiMiddleware.Service<BearerAuth, { provides: Principal }>()(
  "@dueline/contracts/api/BearerAuth",
  {
    requiredForClient: true,
    security: {
      bearer: HttpApiSecurity.bearer.pipe(
        HttpApiSecurity.annotate(OpenApi.Format, "JWT"),
        HttpApiSecurity.annotate(
          OpenApi.Description,
          "Access token, RS256, audience `operations`, with the claims `tenant_id` and `scope`; or an API key, `dlk_…`, which may also " +
            "come in `X-Api-Key` or as the user name of Basic authentication. Pages of this edge send neither: the cookie of a session goes along."
        )
      )
    },
    error: [problems.BadRequest, problems.Unauthenticated, problems.Forbidden, problems.Unavailable]
  }
) {}

/**
 * Turns what a schema finds wrong into one problem that lists every issue. Every operation has it, hence the two answers that any of them
 * may meet: a defect, and a store or a process that is not there.
 */
export class RequestChecks extends HttpApiMiddleware.Service<RequestChecks>()("@dueline/contracts/api/RequestChecks", {
  error: [problems.BadRequest, problems.Unprocessable, problems.Internal, problems.Unavailable]
}) {}
