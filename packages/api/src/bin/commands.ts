/** What is asked of bins: one command each. */
import { Principal } from "@dueline/contracts/api/Access"
import { CreateBin, UpdateBin, UpdateBinCapacity } from "@dueline/contracts/api/BinRequest"
import type { BinCommand } from "@dueline/contracts/bin/Command"
import type { BinId, IdempotencyKey } from "@dueline/contracts/Ids"
import { OpsQueries } from "@dueline/contracts/ports/OpsQueries"
import { derivedId } from "@dueline/identity/derivedId"
import { randomUuidV7 } from "@dueline/identity/randomId"
import { Effect } from "effect"
import type { HttpServerRequest } from "effect/http"
import { answer } from "../answer.ts"
import { makeAsk, now } from "../asking.ts"
import { CurrentCorrelationId } from "../Correlation.ts"
import { traceparentOf } from "../envelope.ts"
import { fingerprint } from "../idempotency.ts"
import { jsonBody } from "../jsonBody.ts"
import { noBody } from "../noBody.ts"
import { expectedVersion, ifMatchRequired } from "../preconditions.ts"
import { presentBin } from "./reads.ts"
import { refusedBin, refusedNewBin } from "./refusal.ts"
import { binPath, binsPath, binState } from "./view.ts"

interface New {
  readonly request: HttpServerRequest.HttpServerRequest
  readonly headers: { readonly "idempotency-key"?: IdempotencyKey }
}

interface Asked extends New {
  readonly params: { readonly id: BinId }
  readonly headers: New["headers"] & { readonly "if-match"?: string }
}

const readNew = jsonBody(CreateBin)
const readChanges = jsonBody(UpdateBin)
const readCapacity = jsonBody(UpdateBinCapacity)

export const makeBinCommands = Effect.gen(function* () {
  const ask = yield* makeAsk
  const queries = yield* OpsQueries

  const change = Effect.fnUntraced(function* (
    { headers, params, request }: Asked,
    name: string,
    body: unknown,
    command: BinCommand
  ) {
    const { tenantId } = yield* Principal
    const version = yield* expectedVersion(headers["if-match"], presentBin(queries, tenantId, params.id))
    const route = name === "capacity" ? `${binPath(params.id)}/capacity` : binPath(params.id)
    const print = headers["idempotency-key"] === undefined ? null : fingerprint(request.method, route, body)
    const question = {
      request,
      headers,
      name: `${name}-bin`,
      id: params.id,
      fingerprint: print,
      expectedVersion: version
    }
    const given = yield* ask(question, command).pipe(Effect.catch(refusedBin))
    return answer(200, binState(given), given)
  })

  return {
    create: Effect.fnUntraced(function* ({ headers, request }: New) {
      const body = yield* readNew(request)
      const { capacityLitres = null, customerId = null, location = null, ...rest } = body
      const { tenantId } = yield* Principal
      const key = headers["idempotency-key"]
      const binId = key === undefined ? ((yield* randomUuidV7) as BinId) : derivedId("bin", tenantId, key)
      const print = key === undefined ? null : fingerprint("POST", binsPath, body)
      const origin = { correlationId: yield* CurrentCorrelationId, traceparent: traceparentOf(request) }
      const bin = { ...rest, customerId, location }
      const question = { request, headers, name: "create-bin", id: binId, fingerprint: print, expectedVersion: null }
      const given = yield* ask(question, {
        _tag: "CreateBin",
        binId,
        at: yield* now,
        bin,
        capacityLitres,
        fingerprint: print,
        origin
      }).pipe(Effect.catch(refusedNewBin))
      return answer(201, binState(given), { ...given, location: binPath(binId) })
    }),
    update: Effect.fnUntraced(function* (asked: Asked) {
      const changes = yield* readChanges(asked.request)
      yield* ifMatchRequired(asked.headers["if-match"])
      const at = yield* now
      return yield* change(asked, "update", changes, { _tag: "UpdateBin", binId: asked.params.id, at, changes })
    }),
    capacity: Effect.fnUntraced(function* (asked: Asked) {
      const body = yield* readCapacity(asked.request)
      yield* ifMatchRequired(asked.headers["if-match"])
      const at = yield* now
      return yield* change(asked, "capacity", body, { _tag: "UpdateBinCapacity", binId: asked.params.id, at, ...body })
    }),
    retire: Effect.fnUntraced(function* (asked: Asked) {
      yield* noBody(asked.request)
      return yield* change(asked, "retire", null, { _tag: "RetireBin", binId: asked.params.id, at: yield* now })
    })
  }
})
