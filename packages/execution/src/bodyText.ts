/** Reads the beginning of a body as text, in the charset that its byte order mark or its type names; null for what is not text. */
import { isUtf8 } from "node:buffer"
import { TextDecoder } from "node:util"

// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u0008\u000e-\u001f]/

/** Text that is one eighth replacement characters is not text in that charset. */
const maxReplaced = 1 / 8

const replacement = "\ufffd"
const utf8Name = /^utf-8$/i

/** RFC 9110 § 8.3.2, with what is seen: blanks around the sign, single quotes. */
const charsetOf = (type: string): string | null => /;\s*charset\s*=\s*["']?([^\s;"',]{1,40})/i.exec(type)?.[1] ?? null

/** What a byte order mark says stands above everything else (WHATWG Encoding § 6). */
const markOf = (body: Uint8Array): string | null => {
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) return "utf-8"
  if (body[0] === 0xfe && body[1] === 0xff) return "utf-16be"
  return body[0] === 0xff && body[1] === 0xfe ? "utf-16le" : null
}

/** Null for a charset that is not known. */
const decoderOf = (charset: string): TextDecoder | null => {
  try {
    return new TextDecoder(charset)
  } catch {
    return null
  }
}

const readable = (text: string): string | null => {
  if (control.test(text)) return null
  let replaced = 0
  for (let at = text.indexOf(replacement); at !== -1; at = text.indexOf(replacement, at + 1)) replaced++
  return replaced > text.length * maxReplaced ? null : text
}

/** Without a last character that is there in part only. */
const wholeCharacters = (body: Uint8Array): Uint8Array => {
  const end = body.length
  for (let back = 1; back <= Math.min(4, end); back++) {
    const byte = body[end - back] ?? 0
    if ((byte & 0xc0) === 0x80) continue
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return needed > back ? body.subarray(0, end - back) : body
  }
  return body
}

/** UTF-8, or null when it is something else. */
const utf8Text = (body: Uint8Array, cut: boolean): string | null => {
  const whole = cut ? wholeCharacters(body) : body
  return isUtf8(whole) ? Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength).toString("utf8") : null
}

/** `type`: Content-Type. `partial`: there was more of the body. At the most `maxBytes` of it are read. */
export const bodyText = (body: Uint8Array, type: string, partial: boolean, maxBytes: number): string | null => {
  const head = body.subarray(0, maxBytes)
  const cut = partial || head.length < body.length
  const mark = markOf(head)
  const named = mark ?? charsetOf(type)
  // UTF-8 under its own name needs a decoder only where it is broken.
  const isNamedUtf8 = named !== null && utf8Name.test(named)
  const decoder = named === null || isNamedUtf8 ? null : decoderOf(named)
  if (decoder !== null && decoder.encoding !== "utf-8") return readable(decoder.decode(head, { stream: cut }))
  const text = utf8Text(mark === "utf-8" ? head.subarray(3) : head, cut)
  if (text !== null) return control.test(text) ? null : text
  if (decoder !== null || isNamedUtf8) return readable((decoder ?? new TextDecoder()).decode(head, { stream: cut }))
  // What names no charset and is not UTF-8 is Latin-1 more often than not, if it is text at all.
  return /^text\//i.test(type) ? readable(new TextDecoder("windows-1252").decode(head)) : null
}
