/**
 * Notes for the audit log what changes nothing and is no event: refusals, tokens that were made. Whoever notes never waits: notes gather for a
 * second and are written together. Of one tenant so many are written in a minute, the rest is counted in one note at the end of it; while the
 * store is away they wait, as many as there is room for.
 */
import {
  type AuditActor,
  type AuditEntry,
  type AuditOutcome,
  AuditTrail,
  installationTenant
} from "@dueline/contracts/ports/AuditTrail"
import { type ProblemCode, problemCodes } from "@dueline/contracts/api/Problem"
import type { CorrelationId, EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { logUnlessStoreTrouble } from "@dueline/contracts/storeTrouble"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { type RefusedBearer, RefusedBearers } from "./refusedBearers.ts"
import { Clock, Context, Effect, Exit, Layer } from "effect"

/** Of one tenant in a minute; also of all that belongs to none. */
export const notesPerMinute = 60
const minuteMs = 60_000
/** Milliseconds for which notes gather, and between two tries while the store is away. */
const gatherMs = 1_000
const againMs = 5_000
/** Written at once, and waiting at the most. */
const pageSize = 256
const room = 4_096
/** Tenants that are counted in a minute; notes of further ones share one count. */
const counted = 10_000
/** At a stop, in milliseconds. */
const lastMs = 2_000

export interface Note {
  /** Null: of none. */
  readonly tenantId: TenantId | null
  readonly actor: AuditActor
  readonly action: string
  readonly resource: string | null
  readonly outcome: AuditOutcome
  readonly code: string | null
  readonly correlationId: CorrelationId
}

export class AuditNotes extends Context.Service<
  AuditNotes,
  {
    /** Returns at once, on whatever stack, and does not throw. */
    readonly note: (note: Note) => void
    /** The same of who came with what opens nothing: counted by reason and network. */
    readonly refusedBearer: (refused: RefusedBearer) => void
  }
>()("@dueline/api/AuditNotes") {}

const id = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/iu

/** The first id in an address: of what a request is about. */
export const resourceIn = (url: string): string | null => id.exec(url.split("?", 1)[0] ?? "")?.[0].toLowerCase() ?? null

/** Refused for what was asked, not because there was too much of it or something is away. */
const isRefusal = (code: string): code is ProblemCode => {
  const status = code in problemCodes ? problemCodes[code as ProblemCode].status : 500
  return status >= 400 && status < 500 && status !== 408 && status !== 429
}

export interface Refused extends Pick<Note, "tenantId" | "action" | "resource" | "correlationId"> {
  readonly subject: string
  readonly code: string
}

/** Notes that somebody was refused what was asked, if it was for that. */
export const noteRefused = ({ note }: AuditNotes["Service"], { code, subject, ...asked }: Refused): void => {
  if (isRefusal(code)) note({ ...asked, actor: { kind: "user", id: subject }, outcome: "refused", code })
}

/** Of a tenant that is deleted nothing new is written down: neither under its id nor who asked. */
const ofNobody = (note: Note): Note => ({
  ...note,
  tenantId: null,
  actor: { kind: "unknown", id: "-" },
  resource: null
})

interface Minute {
  written: number
  leftOut: number
}

export const layer: Layer.Layer<AuditNotes, never, AuditTrail> = Layer.effect(
  AuditNotes,
  Effect.gen(function* () {
    const trail = yield* AuditTrail
    const { auditEntries } = yield* Metrics
    const [written, left, lost] = ["written", "left_out", "lost"].map((result) => auditEntries.of(result))
    const clock = yield* Clock.Clock
    const scope = yield* Effect.scope
    const context = yield* Effect.context<never>()
    let waiting: Array<AuditEntry> = []
    let minute = 0
    let tenants = new Map<TenantId, Minute>()
    let working = false

    const put = (entry: AuditEntry): void => {
      if (waiting.length < room) waiting.push(entry)
      else lost?.add(entry.count)
    }

    const bearers = new RefusedBearers(put)

    /** What was left out in the minute that is over. */
    const turn = (now: number): void => {
      const current = Math.floor(now / minuteMs)
      if (current === minute) return
      minute = current
      const before = tenants
      tenants = new Map()
      bearers.turn(now)
      for (const [tenantId, { leftOut }] of before) {
        if (leftOut === 0) continue
        put({
          tenantId,
          at: now as EpochMillis,
          actor: { kind: "system", id: "audit" },
          action: "audit.leave-out",
          resource: null,
          outcome: "left_out",
          code: null,
          correlationId: "0",
          count: leftOut
        })
      }
    }

    const hasLeftOut = (): boolean => {
      for (const { leftOut } of tenants.values()) if (leftOut > 0) return true
      return bearers.hasMore()
    }

    const write = Effect.gen(function* () {
      while (waiting.length > 0) {
        const page = waiting.slice(0, pageSize)
        yield* trail.append(page)
        waiting = waiting.slice(page.length)
        written?.add(page.length)
      }
    })

    /** Until there is nothing to write and nothing to count: an edge at which nothing is refused does nothing. */
    const work = Effect.gen(function* () {
      while (waiting.length > 0 || hasLeftOut()) {
        yield* Effect.sleep(gatherMs)
        turn(clock.currentTimeMillisUnsafe())
        const exit = yield* Effect.exit(write)
        if (Exit.isSuccess(exit)) continue
        yield* logUnlessStoreTrouble("error", "audit entries could not be written", exit.cause)
        yield* Effect.sleep(againMs)
      }
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          working = false
        })
      )
    )

    yield* Effect.addFinalizer(() => {
      minute = -1
      turn(clock.currentTimeMillisUnsafe())
      return write.pipe(Effect.timeoutOption(lastMs), Effect.ignore)
    })

    const take = (told: Note): void => {
      const { tenantId: named, ...note } = told.code === "tenant_deleted" ? ofNobody(told) : told
      const now = clock.currentTimeMillisUnsafe()
      turn(now)
      const known = named ?? installationTenant
      const tenantId = tenants.has(known) || tenants.size < counted ? known : installationTenant
      const count = tenants.get(tenantId) ?? { written: 0, leftOut: 0 }
      tenants.set(tenantId, count)
      if (count.written < notesPerMinute) {
        count.written += 1
        put({ ...note, tenantId: known, at: now as EpochMillis, count: 1 })
      } else {
        count.leftOut += 1
        left?.add()
      }
      begin()
    }

    const begin = (): void => {
      if (working) return
      working = true
      Effect.runForkWith(context)(Effect.forkIn(work, scope))
    }

    return AuditNotes.of({
      note: take,
      refusedBearer: (refused) => {
        const now = clock.currentTimeMillisUnsafe()
        turn(now)
        bearers.take(refused, now)
        begin()
      }
    })
  })
)
