/** What targets send, byte for byte, and what the client makes of it. Each case is one connection's answer to one request. */
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib"
import type { HttpMethod } from "@dueline/contracts/serviceCall/Spec"

/** A piece of an answer: bytes, or what the server does between them. `turn`: what was written arrives before the next piece is sent. */
export type Piece = string | Uint8Array | "turn" | "end" | "reset"

/** What was answered: the status, the body as kept (latin1), and what is shown of it. Or why there is no answer. */
export type Expected =
  | { readonly status: number; readonly body?: string; readonly truncated?: true; readonly snippet?: string | null }
  | { readonly reason: "connection_lost" | "timeout" | "redirect_refused"; readonly says: RegExp }

export interface AnswerCase {
  readonly name: string
  readonly answer: ReadonlyArray<Piece>
  readonly expected: Expected
  readonly method?: HttpMethod
  /** Written as soon as the connection is there, before the request is read. */
  readonly early?: true
}

export const maxResponseBytes = 4_096

const turn = "turn"
const end = "end"
const reset = "reset"

const ok = "HTTP/1.1 200 OK\r\n"
const whole = `${ok}content-length: 2\r\n\r\nok`
const fine: Expected = { status: 200, body: "ok" }
const notHttp = (says: RegExp = /the target did not answer with HTTP/): Expected => ({
  reason: "connection_lost",
  says
})
const broken = (says: RegExp): Expected => ({ reason: "connection_lost", says })
const disagreeing = broken(/content and its Content-Length do not agree/)
const closed = broken(/closed the connection before its answer was complete|do not agree/)
const chunked = (body: string) => `${ok}transfer-encoding: chunked\r\n\r\n${body}`
const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1")
const byteByByte = (text: string): ReadonlyArray<Piece> => [...text].flatMap((character) => [character, turn])

const withBody = (body: Uint8Array, headers: string): Uint8Array =>
  Buffer.concat([latin1(`${ok}content-length: ${body.length}\r\n${headers}\r\n`), body])

const coded = (coding: string, body: Uint8Array): Uint8Array =>
  withBody(body, `content-type: text/plain\r\ncontent-encoding: ${coding}\r\n`)

const inCharset = (type: string, body: Uint8Array): Uint8Array => withBody(body, `content-type: ${type}\r\n`)

const shown = (snippet: string | null): Expected => ({ status: 200, snippet })

const hello = "hello, this is plain text"
const utf16 = (text: string, bigEndian: boolean): Uint8Array => {
  const bytes = Buffer.from(text, "utf16le")
  return bigEndian ? bytes.swap16() : bytes
}

const interim: ReadonlyArray<AnswerCase> = [
  { name: "100 unasked", answer: ["HTTP/1.1 100 Continue\r\n\r\n", whole], expected: fine },
  { name: "100 and the answer in one piece", answer: [`HTTP/1.1 100 Continue\r\n\r\n${whole}`], expected: fine },
  {
    name: "100 with headers",
    answer: [`HTTP/1.1 100 Continue\r\nserver: x\r\nconnection: close\r\n\r\n${whole}`],
    expected: fine
  },
  { name: "100 without a reason phrase", answer: [`HTTP/1.1 100\r\n\r\n${whole}`], expected: fine },
  { name: "100 in HTTP/1.0", answer: [`HTTP/1.0 100 Continue\r\n\r\n${whole}`], expected: fine },
  { name: "100 with line feeds only", answer: [`HTTP/1.1 100 Continue\n\n${whole}`], expected: fine },
  { name: "100 byte by byte", answer: [...byteByByte("HTTP/1.1 100 Continue\r\nx: y\r\n\r\n"), whole], expected: fine },
  { name: "an answer byte by byte", answer: byteByByte(whole), expected: fine },
  {
    name: "102, then 103 with links",
    answer: [
      "HTTP/1.1 102 Processing\r\n\r\n",
      turn,
      "HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n",
      turn,
      whole
    ],
    expected: fine
  },
  {
    name: "103 with a Content-Length that says nothing",
    answer: [`HTTP/1.1 103 Early Hints\r\ncontent-length: 5\r\n\r\n${whole}`],
    expected: fine
  },
  { name: "an unknown 1xx", answer: [`HTTP/1.1 199 Odd\r\n\r\n${whole}`], expected: fine },
  { name: "64 interim answers", answer: ["HTTP/1.1 102 Processing\r\n\r\n".repeat(64), whole], expected: fine },
  {
    name: "65 interim answers",
    answer: ["HTTP/1.1 102 Processing\r\n\r\n".repeat(65), whole],
    expected: broken(/more than 64 interim answers/)
  },
  {
    name: "interim answers without end",
    answer: ["HTTP/1.1 102 Processing\r\n\r\n".repeat(5_000)],
    expected: broken(/more than 64 interim answers/)
  },
  {
    name: "an interim answer that is too long",
    answer: [`HTTP/1.1 103 Early Hints\r\nlink: ${"x".repeat(70_000)}`],
    expected: broken(/more than 65536 bytes before its answer/)
  },
  {
    name: "an interim answer of endless short lines",
    answer: [`HTTP/1.1 103 Early Hints\r\n${"a: b\r\n".repeat(20_000)}`],
    expected: broken(/more than 65536 bytes/)
  },
  {
    name: "101 unasked",
    answer: ["HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"],
    expected: broken(/101.*not asked/)
  },
  {
    name: "an upgrade offered with 200",
    answer: [`${ok}upgrade: h2c\r\nconnection: upgrade\r\ncontent-length: 2\r\n\r\nok`],
    expected: fine
  },
  { name: "100 and then nothing", answer: ["HTTP/1.1 100 Continue\r\n\r\n", end], expected: closed },
  {
    name: "100 and then silence",
    answer: ["HTTP/1.1 100 Continue\r\n\r\n"],
    expected: { reason: "timeout", says: /no complete answer within/ }
  },
  { name: "half an interim answer", answer: ["HTTP/1.1 10", end], expected: closed },
  {
    name: "100 before a redirect to elsewhere",
    answer: [
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 Found\r\nlocation: http://elsewhere.test/\r\ncontent-length: 0\r\n\r\n"
    ],
    expected: { reason: "redirect_refused", says: /another host/ }
  }
]

const framing: ReadonlyArray<AnswerCase> = [
  { name: "a Content-Length that is right", answer: [whole], expected: fine },
  { name: "no framing, ended by closing", answer: [`${ok}\r\nok`, turn, end], expected: fine },
  {
    name: "no framing and no end",
    answer: [`${ok}\r\nok`],
    expected: { reason: "timeout", says: /no complete answer/ }
  },
  { name: "no framing, ended by a reset", answer: [`${ok}\r\nok`, turn, reset], expected: fine },
  {
    name: "a Content-Length that is too long",
    answer: [`${ok}content-length: 3\r\n\r\nok`, turn, end],
    expected: closed
  },
  {
    name: "a Content-Length that is too short",
    answer: [`${ok}content-length: 1\r\n\r\nok`],
    expected: { status: 200, body: "o" }
  },
  {
    name: "a Content-Length twice, the same",
    answer: [`${ok}content-length: 2\r\ncontent-length: 2\r\n\r\nok`],
    expected: disagreeing
  },
  {
    name: "a Content-Length twice, not the same",
    answer: [`${ok}content-length: 2\r\ncontent-length: 3\r\n\r\nok`],
    expected: disagreeing
  },
  { name: "a Content-Length that is a list", answer: [`${ok}content-length: 2, 2\r\n\r\nok`], expected: disagreeing },
  { name: "a negative Content-Length", answer: [`${ok}content-length: -1\r\n\r\nok`], expected: notHttp() },
  { name: "a Content-Length with a sign", answer: [`${ok}content-length: +2\r\n\r\nok`], expected: notHttp() },
  { name: "a Content-Length in hexadecimal", answer: [`${ok}content-length: 0x2\r\n\r\nok`], expected: notHttp() },
  {
    name: "a Content-Length beyond 64 bits",
    answer: [`${ok}content-length: 99999999999999999999\r\n\r\nok`],
    expected: disagreeing
  },
  {
    name: "a huge Content-Length",
    answer: [`${ok}content-length: 9007199254740991\r\n\r\n${"x".repeat(5_000)}`],
    expected: { status: 200, body: "x".repeat(4_096), truncated: true }
  },
  { name: "an empty Content-Length", answer: [`${ok}content-length: \r\n\r\nok`], expected: notHttp() },
  { name: "a Content-Length of leading zeros", answer: [`${ok}content-length: 0002\r\n\r\nok`], expected: fine },
  { name: "chunks", answer: [chunked("1\r\no\r\n1\r\nk\r\n0\r\n\r\n")], expected: fine },
  { name: "chunks byte by byte", answer: byteByByte(chunked("2\r\nok\r\n0\r\n\r\n")), expected: fine },
  {
    name: "a chunk size in upper case with zeros",
    answer: [chunked(`00A\r\n${"x".repeat(10)}\r\n0\r\n\r\n`)],
    expected: { status: 200, body: "x".repeat(10) }
  },
  { name: "chunk extensions", answer: [chunked('2;a=b;c="d e"\r\nok\r\n0;last\r\n\r\n')], expected: fine },
  { name: "trailers", answer: [chunked("2\r\nok\r\n0\r\nx-checksum: abc\r\nexpires: never\r\n\r\n")], expected: fine },
  {
    name: "trailers that are too large",
    answer: [chunked(`2\r\nok\r\n0\r\nx: ${"y".repeat(40_000)}\r\n\r\n`)],
    expected: broken(/headers of the answer are too large/)
  },
  {
    name: "chunks that never end",
    answer: [chunked("2\r\nok\r\n")],
    expected: { reason: "timeout", says: /no complete answer/ }
  },
  { name: "chunks that break off", answer: [chunked("2\r\nok\r\n"), turn, end], expected: closed },
  { name: "a chunk size that is no number", answer: [chunked("zz\r\nok\r\n0\r\n\r\n")], expected: notHttp() },
  {
    name: "a chunk size beyond 64 bits",
    answer: [chunked("fffffffffffffffff\r\nok\r\n0\r\n\r\n")],
    expected: notHttp()
  },
  { name: "a negative chunk size", answer: [chunked("-2\r\nok\r\n0\r\n\r\n")], expected: notHttp() },
  { name: "a chunk longer than its size", answer: [chunked("1\r\nok\r\n0\r\n\r\n")], expected: notHttp() },
  {
    name: "chunk extensions without end",
    answer: [chunked(`2;${"x".repeat(1_500_000)}`)],
    expected: broken(/far longer on the wire|not answer with HTTP/)
  },
  {
    name: "chunks, called so in capitals",
    answer: [`${ok}Transfer-Encoding: CHUNKED\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    expected: fine
  },
  {
    name: "chunks and a Content-Length",
    answer: [`${ok}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    expected: disagreeing
  },
  {
    name: "a transfer coding that is not known",
    answer: [`${ok}transfer-encoding: cow\r\n\r\nok`, turn, end],
    expected: fine
  },
  { name: "HTTP/1.0", answer: ["HTTP/1.0 200 OK\r\n\r\nok", turn, end], expected: fine },
  {
    name: "HTTP/1.0 that keeps the connection",
    answer: ["HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok"],
    expected: fine
  },
  {
    name: "Connection: close with a length",
    answer: [`${ok}connection: close\r\ncontent-length: 2\r\n\r\nok`],
    expected: fine
  },
  {
    name: "an answer and a second one behind it",
    answer: [`${whole}HTTP/1.1 500 Bad\r\ncontent-length: 3\r\n\r\nbad`],
    expected: fine
  },
  { name: "an answer and garbage behind it", answer: [`${whole}garbage`], expected: fine },
  { name: "an answer and line ends behind it", answer: [`${whole}\r\n\r\n`], expected: fine },
  {
    name: "more than is kept",
    answer: [`${ok}content-length: 5000\r\n\r\n${"y".repeat(5_000)}`],
    expected: { status: 200, body: "y".repeat(4_096), truncated: true }
  },
  {
    name: "exactly what is kept",
    answer: [`${ok}content-length: 4096\r\n\r\n${"y".repeat(4_096)}`],
    expected: { status: 200, body: "y".repeat(4_096) }
  },
  {
    name: "a body in many small pieces",
    answer: [`${ok}content-length: 300\r\n\r\n`, ...Array.from({ length: 100 }, () => ["abc", turn] as const).flat()],
    expected: { status: 200, body: "abc".repeat(100) }
  }
]

const heads: ReadonlyArray<AnswerCase> = [
  { name: "no reason phrase", answer: ["HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok"], expected: fine },
  { name: "an empty reason phrase", answer: ["HTTP/1.1 200 \r\ncontent-length: 2\r\n\r\nok"], expected: fine },
  {
    name: "a reason phrase of odd bytes",
    answer: [latin1("HTTP/1.1 200 \xc4\xff\x80\r\ncontent-length: 2\r\n\r\nok")],
    expected: fine
  },
  { name: "line feeds only", answer: ["HTTP/1.1 200 OK\ncontent-length: 2\n\nok"], expected: notHttp() },
  { name: "empty lines before the answer", answer: ["\r\n\r\n", turn, whole], expected: fine },
  {
    name: "empty lines without end before the answer",
    answer: ["\r\n".repeat(40_000)],
    expected: broken(/bytes before its answer/)
  },
  {
    name: "a folded header",
    answer: [`${ok}x-folded: one\r\n two\r\ncontent-length: 2\r\n\r\nok`],
    expected: notHttp()
  },
  { name: "a header without a colon", answer: [`${ok}nonsense\r\ncontent-length: 2\r\n\r\nok`], expected: notHttp() },
  { name: "a header without a name", answer: [`${ok}: x\r\ncontent-length: 2\r\n\r\nok`], expected: notHttp() },
  { name: "a blank before the colon", answer: [`${ok}content-length : 2\r\n\r\nok`], expected: notHttp() },
  { name: "NUL in a header", answer: [`${ok}x: a\0b\r\ncontent-length: 2\r\n\r\nok`], expected: notHttp() },
  {
    name: "bytes beyond ASCII in a header",
    answer: [latin1(`${ok}x: \xe4\xff\r\ncontent-length: 2\r\n\r\nok`)],
    expected: fine
  },
  {
    name: "a header called __proto__",
    answer: [`${ok}__proto__: x\r\nconstructor: y\r\ncontent-length: 2\r\n\r\nok`],
    expected: fine
  },
  { name: "an empty header value", answer: [`${ok}x:\r\ncontent-length: 2\r\n\r\nok`], expected: fine },
  {
    name: "a thousand headers",
    answer: [`${ok}${"a: b\r\n".repeat(1_000)}content-length: 2\r\n\r\nok`],
    expected: fine
  },
  {
    name: "headers that are too large",
    answer: [`${ok}x: ${"y".repeat(40_000)}\r\n\r\n`],
    expected: broken(/headers of the answer are too large/)
  },
  {
    name: "headers that never end",
    answer: [`${ok}${"x: y\r\n".repeat(20_000)}`],
    expected: broken(/headers of the answer are too large/)
  },
  { name: "headers that break off", answer: [`${ok}content-le`, end], expected: closed },
  {
    name: "status 099",
    answer: ["HTTP/1.1 099 Odd\r\ncontent-length: 2\r\n\r\nok"],
    expected: notHttp(/status is not between 100 and 599/)
  },
  {
    name: "status 000",
    answer: ["HTTP/1.1 000 Odd\r\ncontent-length: 2\r\n\r\nok"],
    expected: notHttp(/status is not between/)
  },
  {
    name: "status 600",
    answer: ["HTTP/1.1 600 Odd\r\ncontent-length: 2\r\n\r\nok"],
    expected: notHttp(/status is not between/)
  },
  {
    name: "status 999",
    answer: ["HTTP/1.1 999 Odd\r\ncontent-length: 2\r\n\r\nok"],
    expected: notHttp(/status is not between/)
  },
  { name: "a status of two digits", answer: ["HTTP/1.1 20 OK\r\ncontent-length: 2\r\n\r\nok"], expected: notHttp() },
  { name: "a status of four digits", answer: ["HTTP/1.1 2000 OK\r\ncontent-length: 2\r\n\r\nok"], expected: notHttp() },
  { name: "a status that is a word", answer: ["HTTP/1.1 OK\r\ncontent-length: 2\r\n\r\nok"], expected: notHttp() },
  {
    name: "two blanks before the status",
    answer: ["HTTP/1.1  200 OK\r\ncontent-length: 2\r\n\r\nok"],
    expected: notHttp()
  },
  {
    name: "an unknown status",
    answer: ["HTTP/1.1 299 Odd\r\ncontent-length: 2\r\n\r\nok"],
    expected: { status: 299, body: "ok" }
  },
  {
    name: "status 599",
    answer: ["HTTP/1.1 599 Odd\r\ncontent-length: 2\r\n\r\nok"],
    expected: { status: 599, body: "ok" }
  },
  {
    name: "HTTP/2.0 in text",
    answer: ["HTTP/2.0 200 OK\r\ncontent-length: 2\r\n\r\nok"],
    expected: { status: 200, body: "ok" }
  },
  { name: "HTTP/9.9", answer: ["HTTP/9.9 200 OK\r\ncontent-length: 2\r\n\r\nok"], expected: notHttp() },
  { name: "HTTP/0.9: a body alone", answer: ["<p>hello</p>", end], expected: notHttp() },
  {
    name: "the name of the protocol in lower case",
    answer: ["http/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"],
    expected: notHttp()
  },
  { name: "the greeting of a mail server", answer: ["220 mail.test ESMTP\r\n"], expected: notHttp() },
  { name: "the greeting of an SSH server", answer: ["SSH-2.0-OpenSSH_9.9\r\n"], expected: notHttp() },
  { name: "a TLS alert", answer: [Uint8Array.of(0x15, 3, 3, 0, 2, 2, 70)], expected: notHttp() },
  { name: "a frame of HTTP/2", answer: [Uint8Array.of(0, 0, 18, 4, 0, 0, 0, 0, 0)], expected: notHttp() },
  { name: "a request", answer: ["GET / HTTP/1.1\r\n\r\n"], expected: notHttp() },
  { name: "zeros", answer: [new Uint8Array(64)], expected: notHttp() },
  { name: "half of the protocol's name, then garbage", answer: ["HTT", turn, "Q/1.1"], expected: notHttp() }
]

const ends: ReadonlyArray<AnswerCase> = [
  { name: "nothing, and closed", answer: [end], expected: closed },
  { name: "nothing, and reset", answer: [reset], expected: broken(/reset the connection|closed the connection/) },
  { name: "nothing at all", answer: [], expected: { reason: "timeout", says: /no complete answer/ } },
  {
    name: "a reset within the body",
    answer: [`${ok}content-length: 20\r\n\r\nok`, turn, reset],
    expected: broken(/reset the connection|closed the connection|do not agree/)
  },
  { name: "one byte, and closed", answer: ["H", end], expected: closed },
  { name: "204 without a body", answer: ["HTTP/1.1 204 No Content\r\n\r\n"], expected: { status: 204, body: "" } },
  {
    name: "204 with a body it must not have",
    answer: ["HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nok"],
    expected: { status: 204, body: "" }
  },
  {
    name: "204 with chunks it must not have",
    answer: ["HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
    expected: { status: 204, body: "" }
  },
  {
    name: "304 with a length",
    answer: ["HTTP/1.1 304 Not Modified\r\ncontent-length: 20\r\n\r\n"],
    expected: { status: 304, body: "" }
  },
  {
    name: "205 with a length of nothing",
    answer: ["HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n\r\n"],
    expected: { status: 205, body: "" }
  },
  {
    name: "HEAD with a length and no body",
    method: "HEAD",
    answer: [`${ok}content-length: 20\r\n\r\n`],
    expected: { status: 200, body: "" }
  },
  { name: "HEAD with a body it must not have", method: "HEAD", answer: [whole], expected: { status: 200, body: "" } },
  {
    name: "HEAD with 100 before",
    method: "HEAD",
    answer: [`HTTP/1.1 100 Continue\r\n\r\n${ok}content-length: 20\r\n\r\n`],
    expected: { status: 200, body: "" }
  },
  { name: "an answer and closed in one go", answer: [whole, end], expected: fine },
  {
    name: "a refusal that does not read the body",
    method: "POST",
    answer: ["HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno", end],
    expected: { status: 413, body: "no" }
  },
  { name: "an answer before the request is read", early: true, answer: [whole], expected: fine },
  {
    name: "an error before the request is read, and closed",
    early: true,
    answer: ["HTTP/1.1 503 Busy\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno", end],
    expected: { status: 503, body: "no" }
  }
]

const contents: ReadonlyArray<AnswerCase> = [
  { name: "gzip", answer: [coded("gzip", gzipSync(hello))], expected: shown(hello) },
  { name: "x-gzip in capitals", answer: [coded("X-GZIP", gzipSync(hello))], expected: shown(hello) },
  {
    name: "gzip in two members",
    answer: [coded("gzip", Buffer.concat([gzipSync("hello, "), gzipSync("again")]))],
    expected: shown("hello, again")
  },
  { name: "deflate", answer: [coded("deflate", deflateSync(hello))], expected: shown(hello) },
  { name: "bare deflate", answer: [coded("deflate", deflateRawSync(hello))], expected: shown(hello) },
  { name: "brotli", answer: [coded("br", brotliCompressSync(hello))], expected: shown(hello) },
  { name: "zstd", answer: [coded("zstd", zstdCompressSync(hello))], expected: shown(hello) },
  { name: "gzip in brotli", answer: [coded("gzip, br", brotliCompressSync(gzipSync(hello)))], expected: shown(hello) },
  { name: "identity", answer: [coded("identity", latin1(hello))], expected: shown(hello) },
  { name: "an unknown coding", answer: [coded("rot13", latin1(hello))], expected: shown(null) },
  {
    name: "a coding called like a method of objects",
    answer: [coded("constructor", latin1(hello))],
    expected: shown(null)
  },
  { name: "too many codings", answer: [coded("gzip, gzip, gzip, gzip", latin1(hello))], expected: shown(null) },
  { name: "gzip that is none", answer: [coded("gzip", latin1(hello))], expected: shown(null) },
  { name: "gzip of nothing", answer: [coded("gzip", gzipSync(""))], expected: shown(null) },
  {
    name: "gzip that is a bomb",
    answer: [coded("gzip", gzipSync("a ".repeat(1_000_000)))],
    expected: shown("a ".repeat(256))
  },
  { name: "UTF-8", answer: [inCharset("text/plain; charset=utf-8", Buffer.from("grün"))], expected: shown("grün") },
  {
    name: "UTF-8 with a mark",
    answer: [inCharset("application/json", Buffer.from('\ufeff{"a":1}'))],
    expected: shown('{"a":1}')
  },
  {
    name: "UTF-8 that ends within a character",
    answer: [inCharset("text/plain; charset=utf-8", Buffer.from("grün").subarray(0, 3))],
    expected: shown(null)
  },
  {
    name: "Latin-1 that says so",
    answer: [inCharset("text/html; charset=ISO-8859-1", latin1("gr\xfcn"))],
    expected: shown("grün")
  },
  {
    name: "Latin-1 that does not say so",
    answer: [inCharset("text/html", latin1("gr\xfcn"))],
    expected: shown("grün")
  },
  {
    name: "Windows-1252 in quotes",
    answer: [inCharset('text/plain; charset="windows-1252"', latin1("5 \x80"))],
    expected: shown("5 €")
  },
  {
    name: "Shift_JIS",
    answer: [inCharset("text/plain;charset=Shift_JIS", Uint8Array.of(0x93, 0xfa, 0x96, 0x7b))],
    expected: shown("日本")
  },
  {
    name: "UTF-16 with a mark, little end first",
    answer: [inCharset("text/plain", Buffer.concat([Uint8Array.of(0xff, 0xfe), utf16("grün", false)]))],
    expected: shown("grün")
  },
  {
    name: "UTF-16 with a mark, big end first",
    answer: [inCharset("text/plain", Buffer.concat([Uint8Array.of(0xfe, 0xff), utf16("grün", true)]))],
    expected: shown("grün")
  },
  {
    name: "UTF-16 that says so",
    answer: [inCharset("text/plain; charset=utf-16be", utf16("grün", true))],
    expected: shown("grün")
  },
  {
    name: "an unknown charset",
    answer: [inCharset("text/plain; charset=klingon", Buffer.from("grün"))],
    expected: shown("grün")
  },
  {
    name: "UTF-8 that says it is UTF-16",
    answer: [inCharset("text/plain; charset=utf-16", Buffer.from("odd"))],
    expected: { status: 200 }
  },
  { name: "no type", answer: [withBody(Buffer.from("plain"), "")], expected: shown("plain") },
  {
    name: "bytes that are no text",
    answer: [inCharset("application/json", Uint8Array.of(0, 1, 2, 255))],
    expected: shown(null)
  },
  {
    name: "gzip in Latin-1",
    answer: [
      withBody(gzipSync(latin1("gr\xfcn")), "content-type: text/plain; charset=latin1\r\ncontent-encoding: gzip\r\n")
    ],
    expected: shown("grün")
  }
]

export const cases: ReadonlyArray<AnswerCase> = [...interim, ...framing, ...heads, ...ends, ...contents]
