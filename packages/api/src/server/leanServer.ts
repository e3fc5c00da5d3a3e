/**
 * Serves requests in a context that holds no more than they may need. The framework copies the context it serves in for every request,
 * entry by entry, and handlers hold their ports already: with all of the program in it, that was a tenth of what a call allocated.
 */
import { CurrentLogModule } from "@dueline/contracts/telemetry/logModules"
import { Clock, Context, Effect, ErrorReporter, Layer, Random, References, Scope, Tracer } from "effect"
import { Etag, HttpIncomingMessage, HttpPlatform, HttpServer } from "effect/http"

/** What requests find. Whatever else they are to find must be named here, or be held by whoever serves them. */
const needed = Context.pick(
  Scope.Scope,
  HttpPlatform.HttpPlatform,
  Etag.Generator,
  HttpIncomingMessage.MaxBodySize,
  ErrorReporter.CurrentErrorReporters,
  References.CurrentLoggers,
  References.MinimumLogLevel,
  CurrentLogModule,
  Clock.Clock,
  Random.Random,
  Tracer.Tracer
)

/** The server it is given, serving so. */
export const layer: Layer.Layer<HttpServer.HttpServer, never, HttpServer.HttpServer> = Layer.effect(
  HttpServer.HttpServer,
  Effect.map(HttpServer.HttpServer, ({ address, serve }) =>
    HttpServer.make({
      address,
      serve: (app, middleware) =>
        Effect.updateContext(
          middleware === undefined ? serve(app) : serve(app, middleware),
          (context: Context.Context<Scope.Scope>) => needed(context)
        )
    })
  )
)
