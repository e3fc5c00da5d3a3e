/** The API's description: as JSON, as Swagger UI and as ReDoc. Nothing is loaded from anywhere else. */
import { Api } from "@dueline/contracts/api/Api"
import { Effect, Layer, Scope } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { HttpApiSwagger } from "effect/http-api"
import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"

const page = `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Dueline API</title>
  <style>body { margin: 0 }</style>
</head>
<body>
  <redoc spec-url="/openapi.json"></redoc>
  <script src="/redoc/redoc.standalone.js"></script>
</body>
</html>
`

/** Holds the page to this origin even where the bundle would like to fetch a logo. */
const policy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src blob:; font-src 'self' data:"

const require = createRequire(import.meta.url)

const bundle = Effect.promise(async () => {
  const text = await readFile(require.resolve("redoc/bundles/redoc.standalone.js"), "utf8")
  return text.replaceAll("https://cdn.redoc.ly/redoc/logo-mini.svg", "data:,")
})

/** With assets of more than a megabyte, which are read when somebody looks at it, not at every start. */
const swagger = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const scope = yield* Effect.scope
    const built = HttpRouter.toHttpEffect(HttpApiSwagger.layer(Api, { path: "/docs" }))
    const app = yield* Effect.cached(Effect.provideService(built, Scope.Scope, scope))
    yield* router.add("GET", "/docs", Effect.flatten(app))
  })
)

export const layer = Layer.mergeAll(
  swagger,
  HttpRouter.add(
    "GET",
    "/redoc",
    HttpServerResponse.text(page, {
      contentType: "text/html; charset=utf-8",
      headers: { "content-security-policy": policy }
    })
  ),
  HttpRouter.use(
    Effect.fnUntraced(function* (router) {
      const script = yield* Effect.cached(bundle)
      yield* router.add(
        "GET",
        "/redoc/redoc.standalone.js",
        Effect.map(script, (text) =>
          HttpServerResponse.text(text, {
            contentType: "text/javascript; charset=utf-8",
            headers: { "cache-control": "public, max-age=86400" }
          })
        )
      )
    })
  )
)
