/**
 * What a courier's event is, between the bytes of its body and the bytes of its answer: the one implementation, whichever way the request
 * came in. Plain functions and callbacks; a fiber only for what is not remembered. What tells a source that is there from one that is not, or
 * one fault of a signature from another, stands in the tenant's record and never in the answer.
 */
import { systemActor } from "@dueline/contracts/Envelope"
import type { ErrorCode } from "@dueline/contracts/api/ProblemError"
import { parseInstant } from "@dueline/contracts/api/Wire"
import type { CourierSourceId, CourierSourceRow } from "@dueline/contracts/courierSource/CourierSource"
import { schemePresets } from "@dueline/contracts/courierSource/SignatureScheme"
import type { Envelope } from "@dueline/contracts/Envelope"
import type { CommandId, CorrelationId, EpochMillis, IdempotencyKey } from "@dueline/contracts/Ids"
import { Places } from "@dueline/contracts/TenantShares"
import type { IngestionCommand, IngestionRejection, RejectionReason } from "@dueline/contracts/ingestion/Ingestion"
import { CourierEvent, type IngestionReceipt } from "@dueline/contracts/ingestion/IngestionEndpoints"
import { type Answer, Orchestrator, type Refusal } from "@dueline/contracts/ports/Orchestrator"
import type { OutcomeOf } from "@dueline/contracts/kinds"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { ingestionContext, SecretVault } from "@dueline/contracts/ports/Vaults"
import { traceFields } from "@dueline/contracts/telemetry/Tracing"
import { derivedId } from "@dueline/identity/derivedId"
import { checkSignature, type SignedRequest } from "@dueline/secrets/requestSignature"
import { Cause, Clock, Context, Effect, Exit, Layer, References, Result } from "effect"
import { hash } from "node:crypto"
import { answerReply, type Reply } from "../requests/answer.ts"
import { Patience } from "../server/Deadline.ts"
import { discreetly } from "../requests/fieldProblems.ts"
import { type KnownSource, KnownSources } from "./KnownSources.ts"
import { KnownTenants } from "../access/KnownTenants.ts"
import { type RateDenial, RequestLimits } from "../access/RateLimits.ts"
import { type Denial, denied, deniedCreation, deniedRead, notFound, type Refusals } from "../requests/refusal.ts"
import { textDecoder } from "../requests/requestBody.ts"
import { makeRejections } from "./signatureRejections.ts"

/** Headers as they were sent, in order, names in lower case; one that came twice is there twice. `raw`: names and values by turns, as Node has them. */
export const rawHeadersOf = (raw: ReadonlyArray<string>): ReadonlyArray<readonly [name: string, value: string]> =>
  Array.from({ length: raw.length / 2 }, (_, index) => [(raw[2 * index] ?? "").toLowerCase(), raw[2 * index + 1] ?? ""])

/** Events under way at once, each with a body of up to 256 KiB; of one source as many as there is room left. */
const placesForEvents = 512

const refusals = {
  IngestionNotFound: notFound("ingestion_not_found"),
  IngestionIdTaken: {
    code: "event_id_reused",
    advice: "Give another event another `id`: this one stands for another body, which was taken in."
  },
  IngestionEnded: { code: "event_id_reused", advice: "Give another event another `id`.", existing: true }
} as const satisfies Refusals<IngestionRejection>

/** One and the same for whatever is wrong. */
const unsigned = denied(
  "signature_refused",
  "Check the source's id, its scheme (each header once), the secret and the clock; sign the bytes that are sent. The tenant finds the reason " +
    "under `/ops/ingestions?status=Rejected`."
)

export const crowdedSource = denied(
  "overloaded",
  "This source has as many events under way as it may. Nothing happened; send it again after the time in Retry-After."
)

export interface ArrivedEvent extends SignedRequest {
  readonly source: CourierSourceId
  readonly correlationId: CorrelationId
  readonly traceparent: string | null
  /** Whose deadline it is: the same object for all that one request asks. */
  readonly request: object
}

export type EventDenial = Denial<ErrorCode> | RateDenial

/** Called once, maybe before the asking returns. */
type Settle<A> = (exit: Exit.Exit<A, EventDenial>) => void

type Receive = Extract<IngestionCommand, { readonly _tag: "ReceiveIngestion" }>
type Received = Answer<OutcomeOf<Receive>>

export class CourierEvents extends Context.Service<
  CourierEvents,
  {
    /** Null when the source has as many events under way as it may; otherwise what gives the place back. Asked before a body is read. */
    readonly enter: (source: CourierSourceId) => (() => void) | null
    /** Settles once the event is durable, or is not going to be. A defect is a failure of the exit; nothing is thrown. */
    readonly accept: (event: ArrivedEvent, settle: Settle<Reply>) => void
  }
>()("@dueline/api/CourierEvents") {}

const readEvent = textDecoder(CourierEvent, discreetly)

const checked = ({ keys, row }: KnownSource, request: SignedRequest, at: number) => ({
  row,
  check: checkSignature(
    {
      scheme: row?.scheme ?? schemePresets["standard-webhooks"],
      keys: keys(at),
      toleranceMs: row?.toleranceMs ?? 0,
      now: at
    },
    request
  )
})

const receivedReply = ({ outcome: { ingestion, ingestionId }, replayed, version }: Received): Reply => {
  const self = `/ops/ingestions/${ingestionId}`
  const receipt: IngestionReceipt = { id: ingestionId, status: ingestion.status, version, links: { self } }
  return answerReply(202, receipt, { replayed, location: self })
}

export const layer = Layer.effect(
  CourierEvents,
  Effect.gen(function* () {
    const sources = yield* KnownSources
    const vault = yield* SecretVault
    const orchestrator = yield* Orchestrator
    const tenants = yield* KnownTenants
    const { counted } = yield* RequestLimits
    const { bound } = yield* Patience
    const rejected = yield* makeRejections
    const context = yield* Effect.context<never>()
    const clock = Context.get(context, Clock.Clock)
    const places = new Places<CourierSourceId>(placesForEvents)

    /** In a fiber, for what is rare. */
    const run = <A, E>({ correlationId, traceparent }: ArrivedEvent, effect: Effect.Effect<A, E>) =>
      Effect.runForkWith(context)(
        Effect.provideService(effect, References.CurrentLogAnnotations, { correlationId, ...traceFields(traceparent) })
      )

    const guarded = <A>(settle: Settle<A>, act: () => void): void => {
      try {
        act()
      } catch (defect) {
        settle(Exit.die(defect))
      }
    }

    /** Goes on with what was found, or tells why not. */
    const unlessFailed =
      <A, E>(settle: Settle<Reply>, deniedFor: (error: E) => EventDenial | null, then: (value: A) => void) =>
      (exit: Exit.Exit<A, E>): void =>
        guarded(settle, () => {
          if (Exit.isSuccess(exit)) return then(exit.value)
          const reason = exit.cause.reasons.find(Cause.isFailReason)
          if (reason === undefined) return settle(Exit.failCause(exit.cause as Cause.Cause<never>))
          const denial = deniedFor(reason.error)
          return settle(denial === null ? Exit.die(reason.error) : Exit.fail(denial))
        })

    const noteRejection = (
      { body, correlationId }: ArrivedEvent,
      { courierSourceId, tenantId }: CourierSourceRow,
      reason: RejectionReason
    ): void => rejected({ tenantId, courierSourceId, reason, bodyBytes: body.length, correlationId })

    const commandOf = (
      { body, correlationId, traceparent }: ArrivedEvent,
      { courierSourceId, tenantId }: CourierSourceRow,
      at: EpochMillis,
      delivery: string | null,
      { text, value: event }: { readonly text: string; readonly value: CourierEvent }
    ): Envelope<Receive> => {
      const ingestionId = derivedId("ingestion", tenantId, `${courierSourceId}:${event.id}` as IdempotencyKey)
      const digest = hash("sha256", body, "base64url")
      return {
        tenantId,
        commandId: `receive-ingestion:${ingestionId}:${digest}` as CommandId,
        correlationId,
        actor: systemActor(`courier-source:${courierSourceId}`),
        traceparent,
        idempotency: null,
        expectedVersion: null,
        command: {
          _tag: "ReceiveIngestion",
          ingestionId,
          at,
          courierSourceId,
          event: {
            eventId: event.id,
            type: event.type,
            trackingReference: event.trackingReference,
            occurredAt: parseInstant(event.occurredAt, "down") as EpochMillis,
            orderId: event.orderId ?? null
          },
          delivery,
          bodyBytes: body.length,
          digest,
          origin: { correlationId, traceparent },
          sealed: vault.seal(text, ingestionContext(tenantId, ingestionId))
        }
      }
    }

    /** Signed; what is left is whether it may be taken in. */
    const admit = (
      arrived: ArrivedEvent,
      row: CourierSourceRow,
      at: EpochMillis,
      delivery: string | null,
      settle: Settle<Reply>
    ): void => {
      const { tenantId } = row
      const limited = counted("courier", tenantId)

      const offer = (event: { readonly text: string; readonly value: CourierEvent }): void =>
        bound<Received, Refusal<IngestionRejection>>(
          arrived.request,
          "ask",
          (answered) => orchestrator.offer(commandOf(arrived, row, at, delivery, event), answered),
          unlessFailed(
            settle,
            (refusal) => deniedCreation(refusals, (effect) => run(arrived, effect))(refusal, tenantId),
            (given) => {
              const { headers, ...reply } = receivedReply(given)
              const limits = limited === null ? [] : Object.entries(limited.headers).flat()
              settle(Exit.succeed({ ...reply, headers: [...headers, ...limits] }))
            }
          )
        )

      const read = (): void => {
        const decoded = readEvent(arrived.body)
        if (Result.isFailure(decoded)) {
          noteRejection(arrived, row, "body_invalid")
          return settle(Exit.fail(decoded.failure))
        }
        const event = decoded.success
        if (tenants.has(tenantId)) return offer(event)
        run(arrived, tenants.require(tenantId)).addObserver(
          unlessFailed(
            settle,
            ({ code, detail }) => denied(code, detail),
            () => offer(event)
          )
        )
      }

      // Only what is signed counts: nobody else can use up what a tenant may send.
      if (limited === null) return read()
      run(arrived, limited.begin).addObserver(
        unlessFailed<RateDenial | null, never>(
          settle,
          () => null,
          (tooOften) => (tooOften === null ? read() : settle(Exit.fail(tooOften)))
        )
      )
    }

    const decide = (
      arrived: ArrivedEvent,
      { check, row }: ReturnType<typeof checked>,
      at: EpochMillis,
      settle: Settle<Reply>
    ): void => {
      if (row !== null && check.accepted) return admit(arrived, row, at, check.delivery, settle)
      if (row !== null && !check.accepted)
        noteRejection(arrived, row, row.status === "Disabled" ? "source_disabled" : check.problem)
      return settle(Exit.fail(unsigned))
    }

    return CourierEvents.of({
      enter: (source) => places.enter(source),
      accept: (arrived, settle) =>
        guarded(settle, () => {
          const { request, source } = arrived
          const at = clock.currentTimeMillisUnsafe() as EpochMillis
          const remembered = checked(sources.remembered(source, at), arrived, at)
          if (remembered.check.accepted) return decide(arrived, remembered, at, settle)
          // Nobody is refused for what is remembered, and each refusal is the same work.
          return bound<KnownSource, StoreUnavailable>(
            request,
            "read",
            (answered) => void run(arrived, sources.find(source, at)).addObserver(answered),
            unlessFailed(
              settle,
              deniedRead((effect) => run(arrived, effect)),
              (found: KnownSource) => decide(arrived, checked(found, arrived, at), at, settle)
            )
          )
        })
    })
  })
)
