/** Which version the caller means, and which it has. */
import type { BadRequest, PreconditionRequired } from "@dueline/contracts/api/ProblemError"
import { etagOf } from "@dueline/contracts/api/Wire"
import { Effect } from "effect"
import { HttpApiSchema } from "effect/http-api"
import { parseEntityTags } from "./entityTag.ts"
import { stale } from "./refusal.ts"
import { reject } from "./reject.ts"

/**
 * From `If-Match`; null when any version is meant. Several tags, or none that can be ours, take a look at what is there first; the version
 * that is sent on still guards the write.
 */
export const expectedVersion = <E>(
  header: string | undefined,
  present: Effect.Effect<{ readonly version: number }, E>
) =>
  Effect.gen(function* () {
    if (header === undefined) return null
    const tags = parseEntityTags(header, "strong")
    if (tags === null) return yield* reject("malformed_etag", 'Send If-Match with an entity tag such as "3", or *.')
    if (tags.any) return null
    const [first] = tags.versions
    if (first !== undefined && tags.versions.length === 1) return first
    const { version } = yield* present
    return tags.versions.includes(version) ? version : yield* stale(first ?? 0, version)
  })

/** For operations that overwrite what somebody else may have written. */
export const ifMatchRequired = (header: string | undefined): Effect.Effect<void, PreconditionRequired> =>
  header === undefined ? reject("if_match_required", "Read it first and send its ETag as If-Match.") : Effect.void

/** Whether `If-None-Match` names this version, or any. */
export const isKnown = (header: string | undefined, version: number): Effect.Effect<boolean, BadRequest> => {
  if (header === undefined) return Effect.succeed(false)
  const tags = parseEntityTags(header, "weak")
  return tags === null
    ? reject("malformed_etag", 'Send If-None-Match with an entity tag such as "3".')
    : Effect.succeed(tags.any || tags.versions.includes(version))
}

export const unchanged = (version: number) =>
  HttpApiSchema.withHeaders({ body: undefined, headers: { etag: etagOf(version) } })
