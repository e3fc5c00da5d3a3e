/** Where a page ended, as the bytes inside a cursor. */
import type { BinId, ServiceCallId, StreamId } from "@dueline/contracts/Ids"
import type { PageMark } from "@dueline/contracts/ports/CallQueries"
import type { NearOptions, RowMark } from "@dueline/contracts/ports/OpsQueries"
import type { TimelineMark } from "@dueline/contracts/ports/TimeTravel"

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
