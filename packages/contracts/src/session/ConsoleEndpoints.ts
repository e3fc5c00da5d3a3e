/** The HTTP operations by which a person signs in with a browser, sees what that allows, and signs out. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { RequestChecks } from "../api/Access.ts"
import { described, HeaderText } from "../api/conventions.ts"
import { parameter } from "../api/parameters.ts"
import { problems } from "../api/ProblemError.ts"
import { Timestamp } from "../api/Wire.ts"
import { TenantId } from "../Ids.ts"
import { SessionId, SignInWay } from "./Session.ts"

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

const example: SignedIn = {
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
    { 200: example }
  )
)

const read = HttpApiEndpoint.get("read", "/session", {
  success: SignedIn,
  error: [problems.Unauthenticated, problems.Forbidden, problems.Unavailable]
}).annotateMerge(
  described("Who is signed in", "And what that allows: for the session's cookie, an access token or an API key.", {
    200: example
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
