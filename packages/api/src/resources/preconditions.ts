/** `If-Match` and `If-None-Match` (RFC 9110 § 13.1): which version the caller means, and which it has. */
import type { BadRequest, PreconditionRequired } from "@dueline/contracts/api/ProblemError"
import { etagOf } from "@dueline/contracts/api/Wire"
import { Effect } from "effect"
import { HttpApiSchema } from "effect/http-api"
import { reject, stale } from "../requests/refusal.ts"

/** `versions` are the strong tags that could be ours; a tag of another form matches nothing. */
export type EntityTags = { readonly any: true } | { readonly any: false; readonly versions: ReadonlyArray<number> }

/** An element of the list with what parts it from the next; a tag may hold commas, and elements may be empty (RFC 9110 § 5.6.1.2). */
const element = /[ \t]*(?:(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*)?(?:,|$)/uy
const version = /^\d{1,15}$/u

/**
 * Null when the header is malformed. Under `strong` comparison a weak tag never matches, under weak comparison its value counts.
 */
export const parseEntityTags = (header: string, comparison: "strong" | "weak"): EntityTags | null => {
  if (header.trim() === "*") return { any: true }
  const versions: Array<number> = []
  let found = 0
  element.lastIndex = 0
  while (element.lastIndex < header.length) {
    const match = element.exec(header)
    if (match === null) return null
    const [, weak, value] = match
    if (value === undefined) continue
    found++
    if (version.test(value) && (weak === undefined || comparison === "weak")) versions.push(Number(value))
  }
  return found === 0 ? null : { any: false, versions }
}

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
