/** Where a page ended, as the bytes inside a cursor, and cursors as they are given out and read, for one list. */
import type { BinId, ServiceCallId, StreamId, TenantId } from "@dueline/contracts/Ids"
import type { BadRequest } from "@dueline/contracts/api/ProblemError"
import type { AuditMark, LogPlace, TreePlace } from "@dueline/contracts/ports/AuditTrail"
import type { LetterMark } from "@dueline/contracts/ports/DeadLetters"
import type { TimelineMark } from "@dueline/contracts/ports/History"
import type { ItemMark } from "@dueline/contracts/ports/JobItems"
import type { NearOptions, PageMark, RowMark } from "@dueline/contracts/ports/Queries"
import { Context, Effect, Layer, Redacted } from "effect"
import { createHmac, timingSafeEqual } from "node:crypto"
import { reject } from "../requests/refusal.ts"
import { canonicalJson } from "./asking.ts"

export interface MarkForm<Mark> {
  readonly write: (mark: Mark) => Uint8Array
  /** Only for bytes that `write` made. */
  readonly read: (bytes: Uint8Array) => Mark
}

const idBytes = (id: string): Buffer => Buffer.from(id.replaceAll("-", ""), "hex")

const idAt = (bytes: Buffer, start: number): string => {
  const id = bytes.toString("hex", start, start + 16)
  return `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const eightBytes = (fill: (bytes: Buffer) => void): Buffer => {
  const bytes = Buffer.alloc(8)
  fill(bytes)
  return bytes
}

const millisBytes = (millis: number): Buffer => eightBytes((bytes) => bytes.writeBigInt64BE(BigInt(millis)))

export const rowMark: MarkForm<RowMark> = {
  write: ({ createdAt, id }) => Buffer.concat([millisBytes(createdAt), idBytes(id)]),
  read: (bytes) => ({ createdAt: Number(bufferOf(bytes).readBigInt64BE(0)), id: idAt(bufferOf(bytes), 8) })
}

export const callMark: MarkForm<PageMark> = {
  write: ({ callId, createdAt }) => rowMark.write({ createdAt, id: callId }),
  read: (bytes) => {
    const { createdAt, id } = rowMark.read(bytes)
    return { createdAt, callId: id as ServiceCallId }
  }
}

export const letterMark: MarkForm<LetterMark> = {
  write: ({ diedAt, id }) => rowMark.write({ createdAt: diedAt, id }),
  read: (bytes) => {
    const { createdAt, id } = rowMark.read(bytes)
    return { diedAt: createdAt, id }
  }
}

export const itemMark: MarkForm<ItemMark> = {
  write: ({ id, step }) => rowMark.write({ createdAt: step, id }),
  read: (bytes) => {
    const { createdAt, id } = rowMark.read(bytes)
    return { step: createdAt, id }
  }
}

/** The distance to the last bit: rounded, the next page could repeat a bin or lose one. */
export const nearMark: MarkForm<NonNullable<NearOptions["after"]>> = {
  write: ({ binId, distanceMetres }) =>
    Buffer.concat([eightBytes((bytes) => bytes.writeDoubleBE(distanceMetres)), idBytes(binId)]),
  read: (bytes) => ({ distanceMetres: bufferOf(bytes).readDoubleBE(0), binId: idAt(bufferOf(bytes), 8) as BinId })
}

export const timelineMark: MarkForm<TimelineMark> = {
  write: ({ recordedAt, streamId, version }) =>
    Buffer.concat([millisBytes(recordedAt), idBytes(streamId), millisBytes(version)]),
  read: (bytes) => {
    const buffer = bufferOf(bytes)
    return {
      recordedAt: Number(buffer.readBigInt64BE(0)),
      streamId: idAt(buffer, 8) as StreamId,
      version: Number(buffer.readBigInt64BE(24))
    }
  }
}

export const auditMark: MarkForm<AuditMark> = {
  write: ({ kind, position, transaction }) =>
    Buffer.concat([
      eightBytes((bytes) => bytes.writeBigUInt64BE(BigInt(transaction))),
      millisBytes(position),
      Buffer.of(kind)
    ]),
  read: (bytes) => {
    const buffer = bufferOf(bytes)
    return {
      transaction: String(buffer.readBigUInt64BE(0)),
      position: Number(buffer.readBigInt64BE(8)),
      kind: buffer.readUInt8(16)
    }
  }
}

const placeBytes = ({ position, transaction }: LogPlace): Buffer =>
  Buffer.concat([eightBytes((bytes) => bytes.writeBigUInt64BE(BigInt(transaction))), millisBytes(position)])

const placeAt = (bytes: Buffer, start: number): LogPlace => ({
  transaction: String(bytes.readBigUInt64BE(start)),
  position: Number(bytes.readBigInt64BE(start + 8))
})

export const treeMark: MarkForm<TreePlace> = {
  write: ({ at, entries, events }) => Buffer.concat([millisBytes(at), placeBytes(events), placeBytes(entries)]),
  read: (bytes) => {
    const buffer = bufferOf(bytes)
    return { at: Number(buffer.readBigInt64BE(0)), events: placeAt(buffer, 8), entries: placeAt(buffer, 24) }
  }
}

export const defaultLimit = 50

export interface Paging<Mark> {
  /** Null where the list begins. */
  readonly after: (
    tenantId: TenantId,
    about: unknown,
    cursor: string | undefined
  ) => Effect.Effect<Mark | null, BadRequest>
  readonly next: (tenantId: TenantId, about: unknown, mark: Mark | null) => string | null
}

export const makePaging = <Mark>({ read, write }: MarkForm<Mark>): Effect.Effect<Paging<Mark>, never, Cursor> =>
  Effect.map(Cursor, ({ open, seal }) => ({
    after: (tenantId, about, cursor) => {
      if (cursor === undefined) return Effect.succeed(null)
      const bytes = open(tenantId, about, cursor)
      return bytes === null ? foreign : Effect.succeed(read(bytes))
    },
    next: (tenantId, about, mark) => (mark === null ? null : seal(tenantId, about, write(mark)))
  }))

const foreign = reject(
  "invalid_cursor",
  "Start again without a cursor, or repeat the filter the cursor was issued for."
)

/** Opaque page marks: signed, and good only for the tenant, list and filter they were issued for. */
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
export const layerCursor = (key: Redacted.Redacted<Uint8Array>): Layer.Layer<Cursor> => {
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
