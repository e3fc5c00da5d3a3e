/** Where requests are offered before the framework sees them, with their bodies unread: whoever listens takes one or leaves it. */
import { Context, Effect, Layer, type Scope } from "effect"
import type { IncomingMessage, Server, ServerResponse } from "node:http"

/** True when the request was taken: it is going to be answered. Otherwise nothing of it was touched. Does not throw. */
export type Take = (request: IncomingMessage, response: ServerResponse) => boolean

export class PlainRequests extends Context.Service<
  PlainRequests,
  {
    /** For the server. */
    readonly take: Take
    /** For as long as the scope is open. */
    readonly listen: (take: Take) => Effect.Effect<void, never, Scope.Scope>
  }
>()("@dueline/api/PlainRequests") {}

export const layer: Layer.Layer<PlainRequests> = Layer.sync(PlainRequests, () => {
  let listeners: ReadonlyArray<Take> = []
  return PlainRequests.of({
    take: (request, response) => {
      for (const listener of listeners) if (listener(request, response)) return true
      return false
    },
    listen: (take) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          listeners = [...listeners, take]
        }),
        () =>
          Effect.sync(() => {
            listeners = listeners.filter((listener) => listener !== take)
          })
      )
  })
})

/**
 * Node tells every listener of each event, and the framework is one of them. Requests that expect `100-continue` come as another event and
 * are not offered.
 */
export const offerFirst = (server: Server, take: Take): void => {
  const emit = server.emit.bind(server)
  server.emit = (event: string, ...args: Array<unknown>): boolean =>
    (event === "request" && take(args[0] as IncomingMessage, args[1] as ServerResponse)) || emit(event, ...args)
}
