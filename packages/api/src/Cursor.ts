/** Opaque page marks: signed, and good only for the tenant and filter they were issued for. */
import type { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import type { CallFilter, PageMark } from "@dueline/contracts/ports/CallQueries"
import { Context, Layer, Redacted } from "effect"
import { createHmac, timingSafeEqual } from "node:crypto"
import { canonicalJson } from "./idempotency.ts"

const markBytes = 24
const tagBytes = 16
const form = /^[\w-]{54}$/u

export class Cursor extends Context.Service<
  Cursor,
  {
    readonly seal: (tenantId: TenantId, filter: CallFilter, mark: PageMark) => string
    /** Null for anything that was not sealed with this key for this tenant and filter. */
    readonly open: (tenantId: TenantId, filter: CallFilter, cursor: string) => PageMark | null
  }
>()("@dueline/api/Cursor") {}

/** `key`: at least 32 random bytes, the same in every process that serves the API. */
export const layer = (key: Redacted.Redacted<Uint8Array>): Layer.Layer<Cursor> => {
  const sign = (tenantId: TenantId, filter: CallFilter, mark: Uint8Array): Buffer =>
    createHmac("sha256", Redacted.value(key))
      .update(`cursor\n${tenantId}\n${canonicalJson(filter)}\n`)
      .update(mark)
      .digest()
      .subarray(0, tagBytes)
  return Layer.succeed(Cursor, {
    seal: (tenantId, filter, mark) => {
      const bytes = encode(mark)
      return Buffer.concat([bytes, sign(tenantId, filter, bytes)]).toString("base64url")
    },
    open: (tenantId, filter, cursor) => {
      const bytes = Buffer.from(cursor, "base64url")
      if (!form.test(cursor) || bytes.toString("base64url") !== cursor) return null
      const mark = bytes.subarray(0, markBytes)
      return timingSafeEqual(sign(tenantId, filter, mark), bytes.subarray(markBytes)) ? decode(mark) : null
    }
  })
}

const encode = ({ callId, createdAt }: PageMark): Buffer => {
  const bytes = Buffer.alloc(markBytes)
  bytes.writeBigInt64BE(BigInt(createdAt), 0)
  bytes.write(callId.replaceAll("-", ""), 8, "hex")
  return bytes
}

const decode = (bytes: Buffer): PageMark => {
  const id = bytes.toString("hex", 8)
  const callId = `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`
  return { createdAt: Number(bytes.readBigInt64BE(0)), callId: callId as ServiceCallId }
}
