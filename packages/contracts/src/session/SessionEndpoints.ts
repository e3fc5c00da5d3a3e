/** The HTTP operations on sessions: who is signed in, and ending it. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { TenantId } from "../Ids.ts"
import { BearerAuth, RequestChecks, RequiredScope } from "../api/Access.ts"
import { problems } from "../api/ProblemError.ts"
import { CountedAs, RateLimit } from "../api/RateLimit.ts"
import { Timestamp } from "../api/Wire.ts"
import { described, HeaderText, idParameter, NextCursor, paged, parameter } from "../api/conventions.ts"
import { SessionEnd, SessionHolder, SessionId, SignInWay } from "./Session.ts"

export const SessionStatus = Schema.Literals(["Live", "Over"])

export const SessionView = Schema.Struct({
  id: SessionId,
  subject: Schema.String,
  status: SessionStatus.annotate({ description: "`Over`: it ended, its time is over, or it lay unused too long" }),
  tenants: Schema.Array(TenantId),
  roles: Schema.NullOr(Schema.Array(Schema.String)).annotate({ description: "Null: the scopes are all there is" }),
  way: SignInWay.annotate({ description: "By a link, or at an OpenID Connect provider" }),
  holder: SessionHolder.annotate({ description: "A browser with its cookie, or a client with refresh tokens" }),
  current: Schema.Boolean.annotate({ description: "Whether it is the one that asks" }),
  createdAt: Timestamp,
  usedAt: Timestamp.annotate({ description: "To about a minute" }),
  expiresAt: Timestamp.annotate({ description: "At the latest" }),
  endedAt: Schema.NullOr(Timestamp),
  endedBy: Schema.NullOr(SessionEnd).annotate({
    description:
      "`signed-out`, `ended` by its person elsewhere or an admin, or `reused`: a refresh token came again after it had been replaced, so somebody else has it"
  }),
  links: Schema.Struct({ self: Schema.String })
}).annotate({ identifier: "Session" })
export type SessionView = typeof SessionView.Type

const SessionPage = Schema.Struct({ items: Schema.Array(SessionView), nextCursor: NextCursor }).annotate({
  identifier: "SessionPage"
})

const id = "019c0de0-0e01-7000-8000-00000000e001" as SessionId

const sessionExample: SessionView = {
  id,
  subject: "operator",
  status: "Live",
  tenants: ["5f0b7a34-1c9d-8e27-b3a6-2d4c6e8f0a12" as TenantId],
  roles: ["admin"],
  way: "link",
  holder: "browser",
  current: true,
  createdAt: "2026-01-31T09:00:00.000Z",
  usedAt: "2026-01-31T09:40:00.000Z",
  expiresAt: "2026-03-02T09:00:00.000Z",
  endedAt: null,
  endedBy: null,
  links: { self: `/v1/sessions/${id}` }
}

const list = HttpApiEndpoint.get("list", "/", {
  query: paged,
  success: SessionPage,
  error: problems.Unavailable
})
  .annotate(RequiredScope, "ops:sessions.read")
  .annotateMerge(
    described(
      "List sessions, newest first",
      "One's own; with `ops:sessions.write` those of everybody who signed in to this tenant. Those that are over are shown for seven days.",
      { 200: { items: [sessionExample], nextCursor: null } }
    )
  )

const end = HttpApiEndpoint.delete("end", "/:id", {
  params: { id: idParameter(SessionId) },
  success: SessionView,
  error: [problems.NotFound, problems.Unavailable]
})
  .annotate(RequiredScope, "ops:sessions.read")
  .annotateMerge(
    described(
      "End a session",
      "One's own; with `ops:sessions.write` anybody's in this tenant. Its cookie, its refresh tokens and the access tokens that were given for them are refused by the " +
        "process that answers from then on, by others within five seconds. Ending what is over changes nothing.",
      { 200: { ...sessionExample, status: "Over", endedAt: "2026-01-31T09:41:00.000Z", endedBy: "ended" } }
    )
  )

export const RolePage = Schema.Struct({
  items: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      builtIn: Schema.Boolean.annotate({ description: "False: of `DUELINE_ROLES`" }),
      permissions: Schema.Array(Schema.String).annotate({ description: "The scopes that it comes to" }),
      forSome: Schema.Array(Schema.String).annotate({ description: "Scopes for resources with some attributes alone" })
    })
  )
}).annotate({ identifier: "RolePage" })
export type RolePage = typeof RolePage.Type

const roles = HttpApiEndpoint.get("roles", "/v1/roles", { success: RolePage, error: problems.Unavailable })
  .annotate(RequiredScope, "ops:sessions.read")
  .annotateMerge(
    described(
      "The roles of this installation",
      "Those that are built in, then those that it was given, each with what it may do.",
      {
        200: {
          items: [
            { name: "viewer", builtIn: true, permissions: ["ops:calls.read"], forSome: [] },
            { name: "planner", builtIn: false, permissions: ["ops:calls.read"], forSome: ["ops:calls.write"] }
          ]
        }
      }
    )
  )

export class SessionOperations extends HttpApiGroup.make("sessions")
  .add(end)
  .middleware(RateLimit)
  .add(list)
  .prefix("/v1/sessions")
  .add(roles)
  .middleware(RequestChecks)
  .middleware(BearerAuth)
  .annotate(CountedAs, "sessions")
  .annotateMerge(OpenApi.annotations({ title: "Sessions", description: "Who has signed in, and ending it." })) {}

/** The HTTP operations by which a person signs in with a browser, sees what that allows, and signs out. */
export const SignedIn = Schema.Struct({
  subject: Schema.String,
  tenants: Schema.Array(TenantId).annotate({ description: "All that may be named in X-Tenant-Id" }),
  tenant: Schema.NullOr(TenantId).annotate({ description: "The one meant when a request names none" }),
  roles: Schema.Array(Schema.String),
  permissions: Schema.Array(Schema.String).annotate({ description: "The scopes that may be used" }),
  forSome: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({
        scope: Schema.String,
        allow: Schema.Array(Schema.String),
        deny: Schema.Array(Schema.String)
      })
    )
  ).annotate({
    description:
      "Scopes that may be used for what some of `allow` holds of and none of `deny`, such as `tag=north;own`; empty text: for whatever"
  }),
  expiresAt: Schema.NullOr(Timestamp).annotate({ description: "At the latest; null: until it is taken back" }),
  session: Schema.NullOr(SessionId).annotate({ description: "Null for a token or an API key" }),
  way: Schema.NullOr(SignInWay).annotate({ description: "How the person signed in" })
}).annotate({ identifier: "SignedIn" })
export type SignedIn = typeof SignedIn.Type

const tenant = "5f0b7a34-1c9d-8e27-b3a6-2d4c6e8f0a12" as TenantId

const signedInExample: SignedIn = {
  subject: "operator",
  tenants: [tenant],
  tenant,
  roles: ["admin"],
  permissions: ["ops:calls.read", "ops:calls.write"],
  expiresAt: "2026-03-02T09:00:00.000Z",
  session: "019c0de0-0e01-7000-8000-00000000e001" as SessionId,
  way: "link"
}

const open = HttpApiEndpoint.post("open", "/session", {
  headers: {
    "x-dueline-code": parameter(Schema.optionalKey(HeaderText), "The code of the link, good once and for ten minutes")
  },
  success: SignedIn,
  error: [problems.Unauthenticated, problems.Forbidden, problems.Unavailable]
}).annotateMerge(
  described(
    "Sign in by a link",
    "Exchanges the code behind the `#` of a link that the program or `dueline console` has printed for a session: the cookie `dueline_session`, over https " +
      "`__Host-dueline_session`, which no script can read. With it every operation is open to pages of this edge as it is to a token.",
    { 200: signedInExample }
  )
)

const read = HttpApiEndpoint.get("read", "/session", {
  success: SignedIn,
  error: [problems.Unauthenticated, problems.Forbidden, problems.Unavailable]
}).annotateMerge(
  described("Who is signed in", "And what that allows: for the session's cookie, an access token or an API key.", {
    200: signedInExample
  })
)

const close = HttpApiEndpoint.delete("close", "/session", {
  success: HttpApiSchema.NoContent,
  error: [problems.Forbidden, problems.Unavailable]
}).annotateMerge(
  described(
    "Sign out",
    "Ends the session at once in this process, within five seconds in others, and takes the cookie away."
  )
)

const signIn = HttpApiEndpoint.get("sign-in", "/sign-in", {
  success: HttpApiSchema.Empty(302),
  error: [problems.NotFound, problems.Unavailable]
}).annotateMerge(
  described(
    "Sign in at the identity provider",
    "Leads to the OpenID Connect provider of DUELINE_SIGN_IN; 404 where none is configured."
  )
)

export class ConsoleSession extends HttpApiGroup.make("console")
  .add(open, read, close, signIn)
  .prefix("/console")
  .middleware(RequestChecks)
  .annotateMerge(OpenApi.annotations({ title: "Console", description: "How a person signs in with a browser." })) {}
