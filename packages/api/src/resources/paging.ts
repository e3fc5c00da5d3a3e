/** Where a page ended, as the bytes inside a cursor, and cursors as they are given out and read, for one list. */
import type { BadRequest } from "@dueline/contracts/api/ProblemError"
import type { BinId, ServiceCallId, StreamId, TenantId } from "@dueline/contracts/Ids"
import type { AuditMark, LogPlace, TreePlace } from "@dueline/contracts/ports/AuditTrail"
import type { NearOptions, PageMark, RowMark } from "@dueline/contracts/ports/Queries"
import type { LetterMark } from "@dueline/contracts/ports/DeadLetters"
import type { ItemMark } from "@dueline/contracts/ports/JobItems"
import type { TimelineMark } from "@dueline/contracts/ports/History"
import { Effect } from "effect"
import { Cursor } from "./Cursor.ts"
import { reject } from "../requests/reject.ts"

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
