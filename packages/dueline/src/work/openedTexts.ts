/** What lay sealed, in clear: for the export of a tenant that is deleted, of which nobody could open it afterwards. */
import { CustomerId, ServiceCallId, type TenantId } from "@dueline/contracts/Ids"
import {
  courierSecretContext,
  ingestionContext,
  PersonalDataVault,
  RequestVault,
  scheduleContext,
  type SealBroken,
  sealContext,
  SecretVault,
  subscriptionContext
} from "@dueline/contracts/ports/Vaults"
import type { CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import type { IngestionId } from "@dueline/contracts/ingestion/Ingestion"
import type { ScheduleId } from "@dueline/contracts/schedule/Schedule"
import type { SubscriptionId } from "@dueline/contracts/subscription/Subscription"
import { readParts } from "@dueline/contracts/subscription/sealedParts"
import type { SealedText } from "@dueline/postgres/write/PostgresErasure"
import { Effect } from "effect"

/** A line of JSON for each. What does not open any more is written as it lies there. */
export const makeOpened = Effect.gen(function* () {
  const requests = yield* RequestVault
  const profiles = yield* PersonalDataVault
  const secrets = yield* SecretVault

  const parts = (sealed: string, contextOf: (part: string) => string) =>
    Effect.map(
      Effect.forEach(readParts(sealed), ([part, text]) =>
        Effect.map(secrets.open(text, contextOf(part)), (opened) => [part, opened] as const)
      ),
      (opened) => Object.fromEntries(opened) as unknown
    )

  const open = (tenantId: TenantId, { id, kind, sealed }: SealedText): Effect.Effect<unknown, SealBroken> => {
    switch (kind) {
      case "service-call":
        return requests.open(sealed, sealContext(tenantId, ServiceCallId.make(id)))
      case "schedule":
        return requests.open(sealed, scheduleContext(tenantId, id as ScheduleId))
      case "customer":
        return profiles.open(tenantId, CustomerId.make(id), sealed)
      case "courier-source":
        return parts(sealed, (part) => courierSecretContext(tenantId, id as CourierSourceId, part))
      case "subscription":
        return parts(sealed, (part) => subscriptionContext(tenantId, id as SubscriptionId, part))
      default:
        return secrets.open(sealed, ingestionContext(tenantId, id as IngestionId))
    }
  }

  return (tenantId: TenantId, texts: ReadonlyArray<SealedText>): Effect.Effect<ReadonlyArray<string>> =>
    Effect.forEach(texts, (text) =>
      Effect.match(open(tenantId, text), {
        onFailure: ({ detail }) => JSON.stringify({ ...text, unreadable: detail }),
        onSuccess: (opened) => JSON.stringify({ id: text.id, kind: text.kind, opened })
      })
    )
})
