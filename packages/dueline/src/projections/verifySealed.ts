/** Opens every sealed text there is, and misses those that should be there: of calls, customers, couriers and what these sent, schedules, and subscriptions. */
import { CustomerId, ServiceCallId } from "@dueline/contracts/Ids"
import type { StreamKey } from "@dueline/contracts/Envelope"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import {
  courierSecretContext,
  ingestionContext,
  PersonalDataVault,
  RequestVault,
  scheduleContext,
  sealContext,
  SecretVault,
  subscriptionContext
} from "@dueline/contracts/ports/Vaults"
import { requestOf } from "@dueline/execution/redaction/summarise"
import type { Database } from "@dueline/postgres/Database"
import { eachAttached, eachProfile, eachSealedCall } from "@dueline/postgres/admin/SealedTexts"
import { readParts, urlPart } from "@dueline/contracts/subscription/sealedParts"
import { Effect } from "effect"

export interface SealFinding {
  readonly check: "request" | "profile" | "secret" | "body"
  readonly tenantId: string
  readonly streamId: string
  readonly detail: string
}

export interface SealVerification {
  /** Sealed texts that opened. */
  readonly opened: number
  /** Bounded: the first hundred of each check. */
  readonly findings: ReadonlyArray<SealFinding>
}

const findingLimit = 100

const erased = "Erased"

/** Holds one page of the database, whatever there is. A program may be at work meanwhile: a text is read with its row, in one statement. */
export const verifySealed: Effect.Effect<
  SealVerification,
  StoreUnavailable,
  Database | RequestVault | PersonalDataVault | SecretVault
> = Effect.gen(function* () {
  const requests = yield* RequestVault
  const profiles = yield* PersonalDataVault
  const secrets = yield* SecretVault
  const findings: Array<SealFinding> = []
  let opened = 0
  const add = (check: SealFinding["check"], { streamId, tenantId }: StreamKey, detail: string) => {
    if (findings.filter((found) => found.check === check).length >= findingLimit) return
    findings.push({ check, tenantId, streamId, detail })
  }
  const tally = <E extends { readonly detail: string }>(
    check: SealFinding["check"],
    of: StreamKey,
    opening: Effect.Effect<unknown, E>
  ) =>
    Effect.match(opening, {
      onFailure: ({ detail }) => add(check, of, `what is sealed does not open: ${detail}`),
      onSuccess: () => void (opened += 1)
    })

  yield* eachSealedCall((call) => {
    const { row, sealed, streamId, tenantId } = call
    if (sealed !== null) {
      return tally("request", call, requests.open(sealed, sealContext(tenantId, ServiceCallId.make(streamId))))
    }
    // Nothing was sealed when the summary is all of the request.
    if (requestOf(row.request) === null)
      add("request", call, `its request is lost: it is ${row.status}, and nothing is sealed`)
    return Effect.void
  })
  yield* eachProfile((profile) => {
    const { sealed, status, streamId, tenantId } = profile
    if (sealed === null) {
      if (status !== erased) add("profile", profile, "the profile is lost: the customer was not erased")
      return Effect.void
    }
    if (status === erased) {
      add("profile", profile, "the customer was erased, and the profile is still there")
      return Effect.void
    }
    return tally("profile", profile, profiles.open(tenantId, CustomerId.make(streamId), sealed))
  })
  yield* eachAttached("courier-source", (source) => {
    const { row, sealed } = source
    const entries = new Map((sealed ?? "").split(",").map((entry) => entry.split(":") as [string, string]))
    return Effect.forEach(
      row.secrets,
      ({ secretId }) => {
        const entry = entries.get(secretId)
        if (entry === undefined) return Effect.sync(() => add("secret", source, `its secret ${secretId} is lost`))
        const context = courierSecretContext(row.tenantId, row.courierSourceId, secretId)
        return tally("secret", source, secrets.open(entry, context))
      },
      { discard: true }
    )
  })
  yield* eachAttached("ingestion", (ingestion) => {
    const { row, sealed } = ingestion
    // Of what was refused no body is kept, and of a payload none once its order is there.
    if (row.status === "Rejected" || (row.dropbin !== undefined && row.status === "Completed")) {
      if (sealed !== null) add("body", ingestion, `it is ${row.status}, and its body is still there`)
      return Effect.void
    }
    if (sealed !== null)
      return tally("body", ingestion, secrets.open(sealed, ingestionContext(row.tenantId, row.ingestionId)))
    return Effect.sync(() => add("body", ingestion, "its body is lost"))
  })
  yield* eachAttached("schedule", (schedule) => {
    const { row, sealed } = schedule
    const isDeleted = row.status === "Deleted"
    if (sealed === null) {
      if (!isDeleted) add("request", schedule, `its request is lost: it is ${row.status}`)
      return Effect.void
    }
    if (isDeleted) {
      add("request", schedule, "it is Deleted, and its request is still there")
      return Effect.void
    }
    return tally("request", schedule, requests.open(sealed, scheduleContext(row.tenantId, row.scheduleId)))
  })
  yield* eachAttached("subscription", (subscription) => {
    const { row, sealed } = subscription
    if (row.status === "Deleted") {
      if (sealed !== null) add("secret", subscription, "it is Deleted, and what was sealed of it is still there")
      return Effect.void
    }
    const parts = readParts(sealed)
    return Effect.forEach(
      [urlPart, ...row.secrets.map(({ secretId }) => secretId)],
      (part) => {
        const entry = parts.get(part)
        if (entry === undefined) return Effect.sync(() => add("secret", subscription, `its ${part} is lost`))
        const context = subscriptionContext(row.tenantId, row.subscriptionId, part)
        return tally("secret", subscription, secrets.open(entry, context))
      },
      { discard: true }
    )
  })
  return { opened, findings }
})
