/** Seals whole requests with AES-256-GCM: without the key, which is not in the database, a stored request cannot be read. */
import { RequestVault, type WholeRequest } from "@dueline/contracts/ports/Vaults"
import { Effect, Layer } from "effect"
import { broken, makeSealedTexts, type VaultKeys, type VaultOptions } from "./sealedTexts.ts"

const isWholeRequest = (value: unknown): value is WholeRequest =>
  typeof value === "object" &&
  value !== null &&
  "url" in value &&
  typeof value.url === "string" &&
  "headers" in value &&
  typeof value.headers === "object" &&
  value.headers !== null &&
  "body" in value &&
  (value.body === null || typeof value.body === "string")

const what = { one: "a sealed request", another: "another call" }

/** Throws a `RangeError` for keys of the wrong shape. */
export const make = (keys: VaultKeys, options: VaultOptions = {}): RequestVault["Service"] => {
  const texts = makeSealedTexts(keys, what, options)
  return RequestVault.of({
    seal: ({ body, headers, onEnd, signer, url }, context) =>
      texts.seal(JSON.stringify({ url, headers, body, signer, onEnd }), context),
    open: (sealed, context) =>
      Effect.flatMap(texts.open(sealed, context), (text) => {
        const request: unknown = JSON.parse(text)
        return isWholeRequest(request) ? Effect.succeed(request) : broken("not a request")
      })
  })
}

export const layer = (keys: VaultKeys, options: VaultOptions = {}): Layer.Layer<RequestVault> =>
  Layer.sync(RequestVault, () => make(keys, options))
