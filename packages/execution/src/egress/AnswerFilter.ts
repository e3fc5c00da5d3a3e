/**
 * What a socket reads, with interim answers (1xx) taken out before the parser sees them: RFC 9110 § 15.2 lets a server send any number,
 * and undici destroys the connection at a `100 Continue`. Costs one look at the first bytes of an ordinary answer.
 */

/** Interim answers before one answer, and bytes of them together. */
const maxInterimAnswers = 64
const maxInterimBytes = 65_536

/** What an answer may cost on the wire beyond its content: chunk sizes and their extensions are bounded by nothing else. */
const maxFramingFactor = 16
const maxFramingBytes = 1_048_576

/** An answer that is not taken. The message says why, holds nothing of the answer, and is shown. */
export class AnswerRefused extends Error {
  readonly code = "ERR_ANSWER_REFUSED"
}

// `HTTP/d.d ddd`: where the status code begins, and where it ends.
const statusAt = 9
const prefixLength = 12
const protocol = Buffer.from("HTTP/")
const cr = 0x0d
const lf = 0x0a

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39

/** Whether the byte may stand at this place of `HTTP/d.d ddd`. */
const fits = (byte: number, at: number): boolean => {
  if (at < protocol.length) return byte === protocol[at]
  if (at === 6) return byte === 0x2e
  if (at === 8) return byte === 0x20
  return isDigit(byte)
}

export class AnswerFilter {
  /** `content`: the parser's. `start`: of an answer. `interim`: inside the head of an interim answer. */
  #state: "content" | "start" | "interim" = "content"
  readonly #prefix = Buffer.alloc(prefixLength)
  #prefixed = 0
  #lineLength = 0
  #interimAnswers = 0
  #interimBytes = 0
  /** Bytes that may still come. */
  #left = Number.POSITIVE_INFINITY

  /** A request is about to be written: what comes next is the beginning of its answer, of which `maxBytes` of content are wanted. */
  begin(maxBytes: number): void {
    this.#state = "start"
    this.#prefixed = 0
    this.#interimAnswers = 0
    this.#interimBytes = 0
    this.#left = maxBytes * maxFramingFactor + maxFramingBytes
  }

  /** What the parser is to see of this chunk, or null for nothing of it. Throws `AnswerRefused`. */
  take(chunk: Buffer): Buffer | null {
    this.#left -= chunk.length
    if (this.#left < 0) throw new AnswerRefused("the answer is far longer on the wire than what it holds")
    if (this.#state === "content") return chunk
    if (this.#state === "start" && this.#prefixed === 0 && chunk.length >= prefixLength) {
      const status = chunk[statusAt] ?? 0
      if (chunk[0] === protocol[0] && status >= 0x32 && status <= 0x35) {
        this.#state = "content"
        return chunk
      }
    }
    return this.#walk(chunk)
  }

  #walk(chunk: Buffer): Buffer | null {
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0
      if (this.#state === "interim") this.#inHead(byte)
      // RFC 9112 § 2.2: empty lines before a message are passed over.
      else if (this.#prefixed === 0 && (byte === cr || byte === lf)) this.#count()
      else if (!this.#inPrefix(byte)) return this.#release(chunk.subarray(at))
    }
    return null
  }

  /** False when the bytes since the start of the answer, without this one, are for the parser. */
  #inPrefix(byte: number): boolean {
    if (!fits(byte, this.#prefixed)) return false
    if (this.#prefixed === statusAt && byte !== 0x31) {
      if (byte >= 0x32 && byte <= 0x35) return false
      throw new AnswerRefused("the target did not answer with HTTP: its status is not between 100 and 599")
    }
    this.#prefix[this.#prefixed++] = byte
    if (this.#prefixed < prefixLength) return true
    if (this.#prefix.toString("latin1", statusAt) === "101") {
      throw new AnswerRefused("the target answered 101 and wants to change the protocol, which it was not asked to")
    }
    if (++this.#interimAnswers > maxInterimAnswers) {
      throw new AnswerRefused(`the target sent more than ${maxInterimAnswers} interim answers (1xx)`)
    }
    this.#interimBytes += prefixLength
    this.#lineLength = prefixLength
    this.#state = "interim"
    return true
  }

  #inHead(byte: number): void {
    this.#count()
    if (byte === lf && this.#lineLength === 0) {
      this.#state = "start"
      this.#prefixed = 0
    } else if (byte === lf) this.#lineLength = 0
    else if (byte !== cr) this.#lineLength++
  }

  #count(): void {
    if (++this.#interimBytes > maxInterimBytes) {
      throw new AnswerRefused(`the target sent more than ${maxInterimBytes} bytes before its answer`)
    }
  }

  #release(rest: Buffer): Buffer {
    this.#state = "content"
    return this.#prefixed === 0 ? rest : Buffer.concat([this.#prefix.subarray(0, this.#prefixed), rest])
  }
}
