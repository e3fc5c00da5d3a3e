/**
 * A long text sealed with a passphrase as a stream: AES-256-GCM over frames of 64 KiB, each numbered and the last one marked, so that
 * frames that are missing, moved, repeated or cut off at the end are found (the STREAM construction of Hoang, Reyhanitabar, Rogaway and
 * Vizár, CRYPTO 2015). The key is derived from the passphrase by scrypt (RFC 7914) with a salt of its own, and is used for one text only.
 */
import { Schema } from "effect"
// oxlint-disable-next-line eslint/no-restricted-imports -- a salt never repeats, not even when a seed is replayed
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto"
import { Transform, type TransformCallback } from "node:stream"

const frameBytes = 65_536
const tagBytes = 16
/** 64 MiB of memory and about a tenth of a second for each guess. */
const cost = { N: 65_536, r: 8, p: 1, maxmem: 128 * 1024 * 1024 }

/** What is told beside the sealed text, in the clear. `salt`: 16 bytes in base64. */
export const SealedWith = Schema.Struct({ kdf: Schema.Literal("scrypt-65536-8-1"), salt: Schema.String })
export type SealedWith = typeof SealedWith.Type

export const newSeal = (): SealedWith => ({ kdf: "scrypt-65536-8-1", salt: randomBytes(16).toString("base64") })

export const keyOf = (passphrase: string, { salt }: SealedWith): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(passphrase.normalize("NFKC"), Buffer.from(salt, "base64"), 32, cost, (error, key) =>
      error === null ? resolve(key) : reject(error)
    )
  })

const nonceOf = (frame: number, last: boolean): Buffer => {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(frame, 5, 6)
  nonce[11] = last ? 1 : 0
  return nonce
}

/** Cuts what comes into pieces of one size; the last one, which may be shorter, is told apart. */
abstract class Frames extends Transform {
  readonly #size: number
  #held: Buffer = Buffer.alloc(0)
  #frame = 0

  constructor(size: number) {
    super()
    this.#size = size
  }

  protected abstract convert(piece: Buffer, frame: number, last: boolean): Buffer

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    const all = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    let at = 0
    try {
      // A whole piece is held back: it may be the last one.
      for (; all.length - at > this.#size; at += this.#size) this.#give(all.subarray(at, at + this.#size), false)
    } catch (error) {
      done(error as Error)
      return
    }
    this.#held = Buffer.from(all.subarray(at))
    done()
  }

  override _flush(done: TransformCallback): void {
    try {
      this.#give(this.#held, true)
      done()
    } catch (error) {
      done(error as Error)
    }
  }

  #give(piece: Buffer, last: boolean): void {
    this.push(this.convert(piece, this.#frame, last))
    this.#frame += 1
  }
}

class Sealing extends Frames {
  readonly #key: Buffer
  readonly #about: Buffer

  constructor(key: Buffer, about: Buffer) {
    super(frameBytes)
    this.#key = key
    this.#about = about
  }

  protected convert(piece: Buffer, frame: number, last: boolean): Buffer {
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonceOf(frame, last)).setAAD(this.#about)
    return Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()])
  }
}

/** The passphrase is another one, or the text was changed or cut off. Which of the two cannot be told. */
export class NotOpened extends Error {
  constructor() {
    super("it does not open: the passphrase is another one, or the file was changed or is not whole")
  }
}

class Opening extends Frames {
  readonly #key: Buffer
  readonly #about: Buffer

  constructor(key: Buffer, about: Buffer) {
    super(frameBytes + tagBytes)
    this.#key = key
    this.#about = about
  }

  protected convert(piece: Buffer, frame: number, last: boolean): Buffer {
    if (piece.length < tagBytes) throw new NotOpened()
    const text = piece.subarray(0, -tagBytes)
    const decipher = createDecipheriv("aes-256-gcm", this.#key, nonceOf(frame, last))
      .setAAD(this.#about)
      .setAuthTag(piece.subarray(-tagBytes))
    try {
      return Buffer.concat([decipher.update(text), decipher.final()])
    } catch {
      throw new NotOpened()
    }
  }
}

/** `about` is bound to the sealed text: it opens with the very same bytes only. */
export const sealing = (key: Buffer, about: Buffer): Transform => new Sealing(key, about)

/** Fails with `NotOpened`. What came out before it failed is authentic, and not all. */
export const opening = (key: Buffer, about: Buffer): Transform => new Opening(key, about)
