/** How often a tenant may ask for changes: the middleware that counts, the classes it counts apart, and the answer to one too many. */
import { Context, ErrorReporter, Schema } from "effect"
import { HttpApiMiddleware, HttpApiSchema } from "effect/http-api"
import { categories, type Category, kinds } from "../kinds.ts"
import type { Principal } from "./Access.ts"
import { problemCodes, problemContentType, problemFields } from "./Problem.ts"

/** What is taken in from machines: under a token or a key of the tenant, and from couriers, who send far more often; and product events. */
const takenIn = ["ingestion", "courier", "events"] as const

/** One for each kind of aggregate, those of what is taken in, and that of people's sessions. */
export const RateClass = Schema.Literals([
  ...categories.map((category) => kinds[category].scope),
  ...takenIn,
  "sessions"
] as ReadonlyArray<(typeof kinds)[Category]["scope"] | (typeof takenIn)[number] | "sessions">)
export type RateClass = typeof RateClass.Type

/** What a group's requests count as. Those of a group that says nothing are not counted. */
export class CountedAs extends Context.Service<CountedAs, RateClass>()("@dueline/contracts/api/CountedAs") {}

const annotations = { httpApiStatus: 429, description: `\`rate_limited\`: ${problemCodes.rate_limited.title}` }

export class TooManyRequests extends Schema.Error<TooManyRequests>("TooManyRequests")(
  {
    ...problemFields(429),
    /** Null: waiting does not help, what was asked for is more than is ever allowed at once. */
    retryAfterSeconds: Schema.NullOr(Schema.Int)
  },
  annotations
) {
  readonly _tag = "TooManyRequests"
  override readonly [ErrorReporter.ignore] = true
}

/** As it travels: the time to wait in the header. */
export const tooManyRequests = TooManyRequests.pipe(
  HttpApiSchema.encodeToWithHeaders(
    {
      body: Schema.Struct(problemFields(429))
        .annotate(annotations)
        .pipe(HttpApiSchema.asJson({ contentType: problemContentType })),
      headers: { "retry-after": Schema.optionalKey(Schema.Int) }
    },
    {
      decode: ({ body, headers }) =>
        new TooManyRequests({ ...body, retryAfterSeconds: headers["retry-after"] ?? null }),
      encode: ({ retryAfterSeconds, ...body }) => ({
        body,
        headers: retryAfterSeconds === null ? {} : { "retry-after": retryAfterSeconds }
      })
    }
  )
)

/**
 * Counts for the tenant of the principal, hence after authentication, and before anything of the request but its token was read.
 * A group adds the endpoints that are counted before this middleware, and those that are not, its reads, after it.
 */
export class RateLimit extends HttpApiMiddleware.Service<RateLimit, { requires: Principal }>()(
  "@dueline/contracts/api/RateLimit",
  { error: tooManyRequests }
) {}

/** Of every answer to what is counted, while its class has a limit and the asker is known: for the document. */
export const rateLimitHeaders = {
  "ratelimit-policy": {
    schema: { type: "string" },
    description: 'The limit, e.g. `"orders";q=120;w=60`: so many in so many seconds'
  },
  ratelimit: {
    schema: { type: "string" },
    description: 'What is left, e.g. `"orders";r=119;t=1`; `t` seconds until it is all there'
  },
  "ratelimit-limit": { schema: { type: "integer" }, description: "How many in a minute" },
  "ratelimit-remaining": { schema: { type: "integer" }, description: "How many are left" },
  "ratelimit-reset": { schema: { type: "integer" }, description: "Seconds until all are there again" }
} as const
