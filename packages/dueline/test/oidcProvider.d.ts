/** What the test needs of it: it comes without types. */
declare module "oidc-provider" {
  import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
  export class Provider {
    constructor(issuer: string, configuration: object)
    callback(): RequestListener
    /** Ends what `interactions.url` led to. */
    interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>
    readonly Grant: new (
      about: object
    ) => { addOIDCScope(scope: string): void; save(): Promise<string> }
  }
}
