/** Schedules over HTTP: how bodies become commands, how schedules are shown, and why commands are refused. */
import { Principal } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import { parseInstant } from "@dueline/contracts/api/Wire"
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { RequestIntake } from "@dueline/contracts/ports/Admission"
import { RequestVault, scheduleContext } from "@dueline/contracts/ports/Vaults"
import type { Progress, ScheduleId, ScheduleRejection, ScheduleRow, Skip } from "@dueline/contracts/schedule/Schedule"
import { defaultPreview, PreviewSchedule } from "@dueline/contracts/schedule/ScheduleBodies"
import { rangeSkip, upcoming } from "@dueline/contracts/schedule/occurrences"
import type { Specification } from "@dueline/contracts/specification/Specification"
import { occurrenceCallId } from "@dueline/identity/derivedId"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { now, type Raw } from "../resources/asking.ts"
import { rawRequest } from "../calls/askedRequest.ts"
import { leanGroup } from "../server/leanGroup.ts"
import { expectedVersion } from "../resources/preconditions.ts"
import { keyReused, notFound, type Refusals } from "../requests/refusal.ts"
import { jsonBody } from "../requests/requestBody.ts"
import { equals, makeReads } from "../resources/resourceReads.ts"
import { makeWrites } from "../resources/resourceWrites.ts"
import {
  looked,
  planOf,
  previewOf,
  progressFrom,
  shownSchedule,
  termsOf,
  viewOf,
  walk,
  zoneData
} from "./scheduleTerms.ts"

const refusals = {
  ScheduleNotFound: notFound("schedule_not_found"),
  ScheduleIdTaken: keyReused,
  ScheduleIsDeleted: {
    code: "schedule_deleted",
    advice: "Make another schedule: this one is deleted.",
    existing: true
  },
  ScheduleRevised: { code: "schedule_revised", advice: "Read it again and decide anew.", existing: true }
} as const satisfies Refusals<ScheduleRejection>

/** What waited goes on waiting; what came while it was paused is left out, as one fact. */
const resumption = (
  row: ScheduleRow,
  at: EpochMillis
): { readonly progress: Progress; readonly skipped: Skip | null } => {
  const occurrences = walk(row.timing)
  const doneUntil = Math.max(row.doneUntil, at) as EpochMillis
  const first = upcoming(occurrences, row, row.doneUntil)
  const end = Math.min(at, row.until ?? at)
  const last = first === null || first.at > end ? null : occurrences.previous(end + 1)
  const skipped = first === null || last === null ? null : rangeSkip(occurrences, "paused", first.at, last.at)
  const { waiting } = row
  const nextAt = upcoming(occurrences, row, doneUntil)?.at ?? null
  return {
    progress: { doneUntil, nextAt, zoneData, waiting, lookAt: waiting.length === 0 ? null : at, looks: 0 },
    skipped
  }
}

const conditions = ({ name, status }: Raw<"schedules", "list">["query"]): ReadonlyArray<Specification> =>
  status === undefined
    ? [...equals({ name }), { _tag: "Not", not: { _tag: "Equals", field: "status", value: "Deleted" } }]
    : equals({ name, status })

const readPreview = jsonBody(PreviewSchedule)

const makeOperations = Effect.gen(function* () {
  const intake = yield* RequestIntake
  const vault = yield* RequestVault
  const reads = yield* makeReads("schedule")
  const { change, create, writing } = yield* makeWrites("schedule", {
    refusals,
    present: reads.present,
    state: (_tenantId, { outcome: { schedule, scheduleId }, version }) => shownSchedule(scheduleId, schedule, version)
  })
  const seal = (tenantId: TenantId, id: ScheduleId, { body, headers, url }: ReturnType<typeof rawRequest>) =>
    vault.seal({ url, headers, body }, scheduleContext(tenantId, id))

  const updating = writing("update", { as: "update-schedule" })
  const update = Effect.fnUntraced(function* (sent: Raw<"schedules", "update">) {
    const body = yield* updating.read(sent)
    const { tenantId } = yield* Principal
    const { id } = sent.params
    const at = yield* now
    const present = reads.present(tenantId, id)
    const row = yield* present
    const about = { tenantId, id, at }
    const raw = body.request === undefined ? null : rawRequest(body.request)
    const { timing } = planOf(body, at, row)
    const summary = raw === null ? row.call.request : yield* looked(intake, about, raw, timing.zone)
    const terms = termsOf(body, about, summary, row)
    const command = {
      _tag: "UpdateSchedule",
      scheduleId: id,
      at,
      revision: row.revision,
      terms,
      progress: yield* progressFrom(terms, at),
      sealed: raw === null ? null : seal(tenantId, id, raw)
    } as const
    const version = yield* expectedVersion(sent.headers["if-match"], present)
    return updating.answer(tenantId, yield* updating.ask(sent, body, command, version), command)
  })

  const resuming = writing("resume", { as: "resume-schedule" })
  const resume = Effect.fnUntraced(function* (sent: Raw<"schedules", "resume">) {
    const body = yield* resuming.read(sent)
    const { tenantId } = yield* Principal
    const { id } = sent.params
    const at = yield* now
    const present = reads.present(tenantId, id)
    const row = yield* present
    const command = {
      _tag: "ResumeSchedule",
      scheduleId: id,
      at,
      revision: row.revision,
      ...resumption(row, at)
    } as const
    const version = yield* expectedVersion(sent.headers["if-match"], present)
    return resuming.answer(tenantId, yield* resuming.ask(sent, body, command, version), command)
  })

  return {
    list: reads.list(conditions, viewOf),
    get: reads.get(viewOf),
    create: create("create", {
      as: "create-schedule",
      command: ({ at, body, fingerprint, id, origin, tenantId }) =>
        Effect.gen(function* () {
          const about = { tenantId, id, at }
          const raw = rawRequest(body.request)
          const summary = yield* looked(intake, about, raw, planOf(body, at, null).timing.zone)
          const terms = termsOf(body, about, summary, null)
          const progress = yield* progressFrom(terms, at)
          const sealed = seal(tenantId, id, raw)
          return { _tag: "CreateSchedule", scheduleId: id, at, terms, progress, sealed, fingerprint, origin } as const
        })
    }),
    update,
    resume,
    pause: change("pause", {
      as: "pause-schedule",
      bodyOptional: true,
      except: ["ScheduleRevised"],
      command: ({ at, body, id }) => ({ _tag: "PauseSchedule", scheduleId: id, at, reason: body.reason ?? null })
    }),
    run: change("run", {
      as: "run-schedule",
      except: ["ScheduleRevised"],
      command: ({ at, id, tenantId }) => ({
        _tag: "RunSchedule",
        scheduleId: id,
        at,
        callId: occurrenceCallId(tenantId, id, 0, at)
      })
    }),
    remove: change("remove", {
      as: "delete-schedule",
      except: ["ScheduleRevised", "ScheduleIsDeleted"],
      command: ({ at, id }) => ({ _tag: "DeleteSchedule", scheduleId: id, at })
    }),
    previewNew: Effect.fnUntraced(function* ({ request }: Raw<"schedules", "previewNew">) {
      const { after, count = defaultPreview, ...asked } = yield* readPreview(request)
      const at = yield* now
      return previewOf(planOf(asked, at, null), after === undefined ? at : parseInstant(after, "down"), count)
    }),
    preview: Effect.fnUntraced(function* ({ params, query }: Raw<"schedules", "preview">) {
      const { tenantId } = yield* Principal
      const row = yield* reads.present(tenantId, params.id)
      return previewOf(row, yield* now, query.count ?? defaultPreview)
    })
  }
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const { create, get, list, pause, preview, previewNew, remove, resume, run, update } = yield* makeOperations
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "schedules", (handlers) =>
        handlers
          .handleRaw("create", create)
          .handleRaw("update", update)
          .handleRaw("pause", pause)
          .handle("resume", resume)
          .handle("run", run)
          .handle("remove", remove)
          .handle("list", list)
          .handle("get", get)
          .handleRaw("previewNew", previewNew)
          .handle("preview", preview)
      )
    )
  })
)
