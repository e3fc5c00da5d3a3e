/** Cancel, reschedule and run again: one command each, under the version the caller has seen. */
import { Principal } from "@dueline/contracts/api/Access"
import { RescheduleServiceCall } from "@dueline/contracts/api/ServiceCallRequest"
import type { IdempotencyKey, ServiceCallId } from "@dueline/contracts/Ids"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { Effect } from "effect"
import type { HttpServerRequest } from "effect/http"
import { answer } from "./answer.ts"
import { makeAsk, now } from "./asking.ts"
import { refused } from "./callRefusal.ts"
import { Details } from "./Details.ts"
import { dueTime } from "./dueTime.ts"
import { fingerprint } from "./idempotency.ts"
import { jsonBody } from "./jsonBody.ts"
import { noBody } from "./noBody.ts"
import { expectedVersion, ifMatchRequired } from "./preconditions.ts"
import { callPath, stateOf } from "./view.ts"

interface Asked {
  readonly request: HttpServerRequest.HttpServerRequest
  readonly params: { readonly id: ServiceCallId }
  readonly headers: { readonly "idempotency-key"?: IdempotencyKey; readonly "if-match"?: string }
}

const readBody = jsonBody(RescheduleServiceCall)

export const makeCommands = Effect.gen(function* () {
  const put = yield* makeAsk
  const details = yield* Details

  const ask = Effect.fnUntraced(function* (name: string, asked: Asked, body: unknown, command: ServiceCallCommand) {
    const { headers, params, request } = asked
    const { tenantId } = yield* Principal
    const route = `${callPath(params.id)}${name === "reschedule" ? "" : `/${name}`}`
    const version = yield* expectedVersion(headers["if-match"], details.row(tenantId, params.id))
    const print = headers["idempotency-key"] === undefined ? null : fingerprint(request.method, route, body)
    const question = { request, headers, name, id: params.id, fingerprint: print, expectedVersion: version }
    return yield* put(question, command).pipe(Effect.catch(refused))
  })

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
      yield* ifMatchRequired(asked.headers["if-match"])
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
