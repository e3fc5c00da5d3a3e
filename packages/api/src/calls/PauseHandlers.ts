/** Pauses over HTTP: how bodies become commands, and how pauses are shown. */
import { Principal } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { CorrelationId } from "@dueline/contracts/Ids"
import {
  maxPauses,
  type PauseCommand,
  type PauseFacts,
  type PauseId,
  type PauseRejection,
  type PauseRow
} from "@dueline/contracts/pause/Pause"
import type { CreatePause, PauseState, PauseView } from "@dueline/contracts/pause/PauseEndpoints"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import { parseTarget, targetOf } from "@dueline/contracts/serviceCall/target"
import { Tag } from "@dueline/contracts/serviceCall/Spec"
import { derivedId } from "@dueline/identity/derivedId"
import { Effect, Layer, Result, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { keyReused, notFound, type Refusals, reject, storeUnavailable } from "../requests/refusal.ts"
import { invalidRequest } from "../requests/requestBody.ts"
import type { Raw } from "../resources/asking.ts"
import { equals, makeReads } from "../resources/resourceReads.ts"
import { makeWrites } from "../resources/resourceWrites.ts"
import { leanGroup } from "../server/leanGroup.ts"

const shown = (
  id: PauseId,
  { createdAt, resumedAt, updatedAt, ...pause }: PauseFacts,
  version: number
): PauseState => ({
  id,
  of: pause.of,
  key: pause.key,
  reason: pause.reason,
  pausedBy: pause.pausedBy,
  status: pause.status,
  resumedAt: resumedAt === null ? null : formatInstant(resumedAt),
  resumedBy: pause.resumedBy,
  releasePerSecond: pause.releasePerSecond,
  createdAt: formatInstant(createdAt),
  updatedAt: formatInstant(updatedAt),
  version,
  links: { self: `/v1/pauses/${id}` }
})

const viewOf = (row: PauseRow): PauseView => ({
  ...shown(row.pauseId, row, row.version),
  correlationId: row.correlationId as CorrelationId
})

const refusals = {
  PauseNotFound: notFound("pause_not_found"),
  PauseIdTaken: keyReused
} as const satisfies Refusals<PauseRejection>

const isTag = Schema.is(Tag)

/** An origin, or a host with or without its port: as limits and circuits go by it. */
const targetIn = (text: string): string | null => {
  const parsed = parseTarget(text.includes("://") ? text : `https://${text}`)
  if (Result.isFailure(parsed)) return null
  const { hash, href, pathname, search } = parsed.success
  return pathname === "/" && search === "" && hash === "" ? targetOf(href) : null
}

/** What calls are known by that wait; or what is wrong with it. */
const keyOf = ({ key, of }: CreatePause): Result.Result<string | null, string> => {
  if (of === "tenant")
    return key === undefined ? Result.succeed(null) : Result.fail("leave it out: the whole tenant is paused")
  if (key === undefined) return Result.fail(`is missing: which ${of}?`)
  if (of === "target") {
    const target = targetIn(key)
    return target === null ? Result.fail("is no origin such as https://api.example.com") : Result.succeed(target)
  }
  return isTag(key) ? Result.succeed(key) : Result.fail("is not 1 to 64 of letters, digits and _.:=/-")
}

const full = reject(
  "too_many_pauses",
  `Resume some first: at most ${maxPauses} hold at a time. A tag that many calls have needs one pause.`
)

const makeOperations = Effect.gen(function* () {
  const reads = yield* makeReads("pause")
  const queries = yield* OpsQueries
  const { change, create } = yield* makeWrites("pause", {
    refusals,
    present: reads.present,
    state: (_tenantId, { outcome: { pause, pauseId }, version }) => shown(pauseId, pause, version)
  })

  /** Two that are made in the same instant may be one too many; the bound is there for the memory of all processes. */
  const room = Effect.fnUntraced(function* ({ headers }: Raw<"pauses", "create">) {
    const { tenantId } = yield* Principal
    const filter = { _tag: "Equals", field: "status", value: "Active" } as const
    const { rows } = yield* queries
      .list("pause", { tenantId, filter, after: null, limit: maxPauses })
      .pipe(Effect.catch(storeUnavailable))
    if (rows.length < maxPauses) return
    const key = headers["idempotency-key"]
    const id = key === undefined ? null : derivedId("pause", tenantId, key)
    const isRepeat =
      id !== null && (yield* queries.find("pause", tenantId, id).pipe(Effect.catch(storeUnavailable))) !== null
    if (!isRepeat) yield* full
  })

  const creating = create("create", {
    as: "create-pause",
    command: ({ at, body, fingerprint, id, origin }) => {
      const key = keyOf(body)
      if (Result.isFailure(key)) return invalidRequest([{ path: "body.key", message: key.failure }])
      return Effect.map(
        Principal,
        ({ subject }): PauseCommand => ({
          _tag: "CreatePause",
          pauseId: id,
          at,
          of: body.of,
          key: key.success,
          reason: body.reason,
          pausedBy: subject,
          fingerprint,
          origin
        })
      )
    }
  })

  return {
    create: (sent: Raw<"pauses", "create">) => Effect.andThen(room(sent), creating(sent)),
    list: reads.list(({ key, of, status }: Raw<"pauses", "list">["query"]) => equals({ key, of, status }), viewOf),
    get: reads.get(viewOf),
    resume: change("resume", {
      as: "resume-pause",
      bodyOptional: true,
      except: ["PauseIdTaken"],
      command: ({ at, body, id }) =>
        Effect.map(
          Principal,
          ({ subject }): PauseCommand => ({
            _tag: "ResumePause",
            pauseId: id,
            at,
            resumedBy: subject,
            releasePerSecond: body.releasePerSecond ?? null
          })
        )
    })
  }
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const { create, get, list, resume } = yield* makeOperations
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "pauses", (handlers) =>
        handlers.handleRaw("create", create).handleRaw("resume", resume).handle("list", list).handle("get", get)
      )
    )
  })
)
