/** Where the identity provider leads the browser back to. Not an operation of the API: nobody calls it, and providers add what they like to it. */
import { Effect } from "effect"
import { HttpRouter, HttpServerRequest } from "effect/http"
import { callbackPath, makeSignIn } from "./signIn.ts"
import { explained } from "./signInPage.ts"

export const layer = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const { finish } = yield* makeSignIn
    yield* router.add(
      "GET",
      callbackPath,
      Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
        Effect.catch(finish(request), (problem) => explained(request, problem))
      )
    )
  })
)
