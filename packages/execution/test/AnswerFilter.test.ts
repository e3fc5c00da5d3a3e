import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { AnswerFilter, AnswerRefused } from "../src/egress/AnswerFilter.ts"

/** What the parser is given of these chunks, or why they are refused. */
const filtered = (chunks: ReadonlyArray<Buffer>, maxBytes = 65_536): string => {
  const filter = new AnswerFilter()
  filter.begin(maxBytes)
  try {
    return Buffer.concat(chunks.map((chunk) => filter.take(chunk) ?? Buffer.alloc(0))).toString("latin1")
  } catch (error) {
    return error instanceof AnswerRefused ? "refused" : assert.fail(String(error))
  }
}

const split = (bytes: Buffer, cuts: ReadonlyArray<number>): ReadonlyArray<Buffer> => {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length))
}

const Piece = Schema.Union([
  Schema.Literals([
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 103 Hints\r\nlink: x\r\n\r\n",
    "HTTP/1.1 102\n\n",
    "\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    "HTTP/1.1 101 Switching\r\n\r\n",
    "HTTP/1.1 099 Odd\r\n\r\n",
    "HTTP/",
    "1"
  ]),
  Schema.String
])
const Cuts = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10_000 })))

describe("the filter before the parser", () => {
  it.prop(
    "makes the same of an answer however it is cut into pieces",
    { pieces: Schema.Array(Piece), cuts: Cuts },
    ({ cuts, pieces }) => {
      const bytes = Buffer.from(pieces.join(""), "latin1")
      assert.strictEqual(filtered(split(bytes, cuts)), filtered([bytes]))
    }
  )

  it.prop(
    "passes on every byte of an answer and of what comes after it",
    { rest: Schema.String, cuts: Cuts },
    ({ cuts, rest }) => {
      const answer = Buffer.from(`HTTP/1.1 404 ${rest}`)
      assert.strictEqual(filtered(split(answer, cuts)), answer.toString("latin1"))
      const before = Buffer.from("\r\nHTTP/1.1 100 Continue\r\nx: y\r\n\r\n")
      assert.strictEqual(filtered(split(Buffer.concat([before, answer]), cuts)), answer.toString("latin1"))
    }
  )

  it("gives an ordinary answer to the parser as it is, without copying it", () => {
    const filter = new AnswerFilter()
    filter.begin(1_000)
    const chunk = Buffer.from("HTTP/1.1 200 OK\r\n\r\n")
    assert.strictEqual(filter.take(chunk), chunk)
  })

  it("counts anew for each answer of a connection", () => {
    const filter = new AnswerFilter()
    for (let answer = 0; answer < 10; answer++) {
      filter.begin(1_000)
      assert.isNull(filter.take(Buffer.from("HTTP/1.1 102 Processing\r\n\r\n".repeat(64))))
      assert.isNotNull(filter.take(Buffer.from("HTTP/1.1 200 OK\r\n\r\n")))
      assert.isNotNull(filter.take(Buffer.alloc(1_000_000)))
    }
  })

  it("leaves what comes without a request to the parser, which closes the connection", () => {
    const unasked = Buffer.from("HTTP/1.1 100 Continue\r\n\r\n")
    assert.strictEqual(new AnswerFilter().take(unasked), unasked)
  })
})
