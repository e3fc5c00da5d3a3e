/** Opaque page marks: signed, and good only for the tenant, list and filter they were issued for. */
import type { TenantId } from "@dueline/contracts/Ids"
import { Context, Layer, Redacted } from "effect"
import { createHmac, timingSafeEqual } from "node:crypto"
import { canonicalJson } from "./idempotency.ts"

const tagBytes = 16
const form = /^[\w-]{24,200}$/u

export class Cursor extends Context.Service<
  Cursor,
  {
    /** `about`: which list, under which filter, as plain JSON. One list has marks of one form. */
    readonly seal: (tenantId: TenantId, about: unknown, mark: Uint8Array) => string
    /** Null for anything that was not sealed with this key for this tenant, list and filter. */
    readonly open: (tenantId: TenantId, about: unknown, cursor: string) => Uint8Array | null
  }
>()("@dueline/api/Cursor") {}

/** `key`: at least 32 random bytes, the same in every process that serves the API. */
export const layer = (key: Redacted.Redacted<Uint8Array>): Layer.Layer<Cursor> => {
  const sign = (tenantId: TenantId, about: unknown, mark: Uint8Array): Buffer =>
    createHmac("sha256", Redacted.value(key))
      .update(`cursor\n${tenantId}\n${canonicalJson(about)}\n`)
      .update(mark)
      .digest()
      .subarray(0, tagBytes)
  return Layer.succeed(Cursor, {
    seal: (tenantId, about, mark) => Buffer.concat([mark, sign(tenantId, about, mark)]).toString("base64url"),
    open: (tenantId, about, cursor) => {
      const bytes = Buffer.from(cursor, "base64url")
      if (!form.test(cursor) || bytes.length <= tagBytes || bytes.toString("base64url") !== cursor) return null
      const mark = bytes.subarray(0, -tagBytes)
      return timingSafeEqual(sign(tenantId, about, mark), bytes.subarray(-tagBytes)) ? mark : null
    }
  })
}
