/** Cancel, reschedule and run again: one command each, under the version the caller has seen. */
import { Principal } from "@dueline/contracts/api/Access"
import { BadRequest, PreconditionRequired } from "@dueline/contracts/api/ProblemError"
import { RescheduleServiceCall } from "@dueline/contracts/api/ServiceCallRequest"
import type { EpochMillis, IdempotencyKey, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { randomCorrelationId } from "@dueline/identity/randomId"
import { Clock, Effect } from "effect"
import type { HttpServerRequest } from "effect/http"
import { answer } from "./answer.ts"
import { CurrentCorrelationId } from "./Correlation.ts"
import { Details } from "./Details.ts"
import { dueTime } from "./dueTime.ts"
import { parseEntityTags } from "./entityTag.ts"
import { envelope } from "./envelope.ts"
import { fingerprint, shortKey } from "./idempotency.ts"
import { jsonBody } from "./jsonBody.ts"
import { noBody } from "./noBody.ts"
import { refused, stale } from "./refusal.ts"
import { reject } from "./reject.ts"
import { callPath, stateOf } from "./view.ts"

interface Asked {
  readonly request: HttpServerRequest.HttpServerRequest
  readonly params: { readonly id: ServiceCallId }
  readonly headers: { readonly "idempotency-key"?: IdempotencyKey; readonly "if-match"?: string }
}

const readBody = jsonBody(RescheduleServiceCall)

export const makeCommands = Effect.gen(function* () {
  const orchestrator = yield* Orchestrator
  const details = yield* Details

  /** Several tags, or none that can be ours, take a look at the row first; the version that is sent still guards the write. */
  const expectedVersion = Effect.fnUntraced(function* (tenantId: TenantId, { headers, params }: Asked) {
    const header = headers["if-match"]
    if (header === undefined) return null
    const tags = parseEntityTags(header, "strong")
    if (tags === null)
      return yield* reject(BadRequest, "malformed_etag", 'Send If-Match with an entity tag such as "3", or *.')
    if (tags.any) return null
    const [first] = tags.versions
    if (first !== undefined && tags.versions.length === 1) return first
    const { version } = yield* details.row(tenantId, params.id)
    return tags.versions.includes(version) ? version : yield* stale(first ?? 0, version)
  })

  const ask = Effect.fnUntraced(function* (name: string, asked: Asked, body: unknown, command: ServiceCallCommand) {
    const principal = yield* Principal
    const key = asked.headers["idempotency-key"]
    const route = `${callPath(asked.params.id)}${name === "reschedule" ? "" : `/${name}`}`
    const requestId = key === undefined ? yield* randomCorrelationId : shortKey(key)
    return yield* orchestrator
      .ask(
        envelope(
          {
            principal,
            request: asked.request,
            correlationId: yield* CurrentCorrelationId,
            commandId: `${name}:${asked.params.id}:${requestId}`,
            idempotency:
              key === undefined ? null : { key, fingerprint: fingerprint(asked.request.method, route, body) },
            expectedVersion: yield* expectedVersion(principal.tenantId, asked)
          },
          command
        )
      )
      .pipe(Effect.catch(refused))
  })

  const now = Effect.map(Clock.currentTimeMillis, (millis) => millis as EpochMillis)

  return {
    cancel: Effect.fnUntraced(function* (asked: Asked) {
      yield* noBody(asked.request)
      const command: ServiceCallCommand = { _tag: "CancelServiceCall", callId: asked.params.id, at: yield* now }
      const given = yield* ask("cancel", asked, null, command)
      return answer(given.outcome.status === "Cancelled" ? 200 : 202, stateOf(given), given)
    }),
    run: Effect.fnUntraced(function* (asked: Asked) {
      yield* noBody(asked.request)
      const given = yield* ask("run", asked, null, {
        _tag: "RerunServiceCall",
        callId: asked.params.id,
        at: yield* now
      })
      return answer(202, stateOf(given), given)
    }),
    reschedule: Effect.fnUntraced(function* (asked: Asked) {
      const body = yield* readBody(asked.request)
      if (asked.headers["if-match"] === undefined) {
        return yield* reject(PreconditionRequired, "if_match_required", "Read the call and send its ETag as If-Match.")
      }
      const at = yield* now
      const dueAt = yield* dueTime(body, at)
      const given = yield* ask("reschedule", asked, body, {
        _tag: "RescheduleServiceCall",
        callId: asked.params.id,
        at,
        dueAt
      })
      return answer(200, stateOf(given), given)
    })
  }
})
