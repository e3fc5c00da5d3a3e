/** The HTTP operations on sessions: who is signed in, and ending it. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { BearerAuth, RequestChecks, RequiredScope } from "../api/Access.ts"
import { described, idParameter, NextCursor, paged } from "../api/conventions.ts"
import { problems } from "../api/ProblemError.ts"
import { CountedAs, RateLimit } from "../api/RateLimit.ts"
import { Timestamp } from "../api/Wire.ts"
import { TenantId } from "../Ids.ts"
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

const example: SessionView = {
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
      { 200: { items: [example], nextCursor: null } }
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
      { 200: { ...example, status: "Over", endedAt: "2026-01-31T09:41:00.000Z", endedBy: "ended" } }
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
