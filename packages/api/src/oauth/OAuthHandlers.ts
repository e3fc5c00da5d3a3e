/** OAuth over HTTP: tokens are given (RFC 6749), looked at (RFC 7662) and taken back (RFC 7009). */
import { Api } from "@dueline/contracts/api/Api"
import { Effect, Layer, Result } from "effect"
import type { HttpServerRequest } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { unreadable } from "../requests/requestBody.ts"
import type { Raw } from "../resources/asking.ts"
import { leanGroup } from "../server/leanGroup.ts"
import { refuse } from "./oauthAnswer.ts"
import { makeGrants } from "./tokenGrants.ts"
import { makeStanding } from "./tokenStanding.ts"
import { readTokenRequest } from "./tokenRequest.ts"

const bytesOf = (request: HttpServerRequest.HttpServerRequest) =>
  Effect.map(Effect.catch(request.arrayBuffer, unreadable), (buffer) => new Uint8Array(buffer))

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const grant = yield* makeGrants
    const { introspect, revoke } = yield* makeStanding
    const token = Effect.fnUntraced(function* ({ request }: Raw<"oauth", "token">) {
      const { authorization, "content-type": contentType } = request.headers
      const read = readTokenRequest({ authorization, "content-type": contentType }, yield* bytesOf(request))
      return yield* Result.isFailure(read) ? refuse(read.failure.code, read.failure.detail) : grant(read.success)
    })
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "oauth", (handlers) =>
        handlers
          .handleRaw("token", token)
          .handleRaw("introspect", ({ request }: Raw<"oauth", "introspect">) =>
            Effect.flatMap(bytesOf(request), (bytes) => introspect(request, bytes))
          )
          .handleRaw("revoke", ({ request }: Raw<"oauth", "revoke">) =>
            Effect.flatMap(bytesOf(request), (bytes) => revoke(request, bytes))
          )
      )
    )
  })
)
