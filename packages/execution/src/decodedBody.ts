/** Takes content codings (RFC 9110 § 8.4) off the beginning of a body, within bounds, for the snippet that is shown of it. */
import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from "node:zlib"

/** Bytes of a coded body that are looked at, and bytes that may come of them: what is decoded at once on the main thread. */
const maxInput = 65_536
const maxOutput = 32_768
/** Codings on top of one another. */
const maxCodings = 3

const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: maxOutput }

/** RFC 9110 § 8.4.1.2: zlib format, though some send bare deflate. */
const inflate = (input: Uint8Array): Uint8Array => {
  const [cmf = 0, flags = 0] = input
  const wrapped = (cmf & 0x0f) === 8 && ((cmf << 8) | flags) % 31 === 0
  return wrapped ? inflateSync(input, options) : inflateRawSync(input, options)
}

const gunzip = (input: Uint8Array): Uint8Array => gunzipSync(input, options)

const decoders: Readonly<Record<string, (input: Uint8Array) => Uint8Array>> = {
  gzip: gunzip,
  "x-gzip": gunzip,
  deflate: inflate,
  br: (input) =>
    brotliDecompressSync(input, { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength: maxOutput }),
  zstd: (input) => zstdDecompressSync(input, { finishFlush: constants.ZSTD_e_flush, maxOutputLength: maxOutput })
}

export interface Decoded {
  readonly bytes: Uint8Array
  /** There was more than is given here. */
  readonly partial: boolean
}

/** What is too large or broken at its end is decoded from a shorter beginning: half of it, half of that, 17 times at the most. */
const decodeBeginning = (decode: (input: Uint8Array) => Uint8Array, { bytes, partial }: Decoded): Decoded | null => {
  for (let length = Math.min(bytes.length, maxInput); length > 0; length >>= 1) {
    try {
      const output = decode(bytes.subarray(0, length))
      if (output.length > 0) return { bytes: output, partial: partial || length < bytes.length }
    } catch {
      // Its bytes are not what it says they are, or they are too many.
    }
  }
  return null
}

/** The beginning of the content, or null when it is coded in a way that is not known, or not at all as it says. `coding`: Content-Encoding. */
export const decodedBody = (body: Uint8Array, coding: string, partial: boolean): Decoded | null => {
  if (coding === "") return { bytes: body, partial }
  const codings = coding
    .toLowerCase()
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "" && one !== "identity")
  if (codings.length > maxCodings) return null
  let decoded: Decoded | null = { bytes: body, partial }
  for (const one of codings.reverse()) {
    const decode = Object.hasOwn(decoders, one) ? decoders[one] : undefined
    if (decode === undefined || decoded === null) return null
    decoded = decodeBeginning(decode, decoded)
  }
  return decoded
}
