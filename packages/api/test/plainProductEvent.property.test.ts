/** Product events that are read without their schema are read as the schema reads them, and none is that the schema refuses. */
import { BatchItem, Identify, Track } from "@dueline/contracts/productEvent/ProductEvent"
import { assert, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { plainProductEvent } from "../src/intake/productEventReader.ts"
import { exactDecoder, inspect } from "../src/requests/requestBody.ts"

const field = Schema.Union([
  Schema.Literals(["", "name", "track", "identify", "page", "2026-01-31T09:00:00Z", "2026-02-30T09:00:00Z"]),
  Schema.Literals([
    "2026-01-31T09:00:00.5+01:00",
    "x".repeat(200),
    "x".repeat(201),
    "x".repeat(256),
    "\u{1f69a}".repeat(130)
  ]),
  Schema.Literals([0, 1.5, true, false]),
  Schema.Null,
  Schema.Array(Schema.String),
  Schema.Record(Schema.String, Schema.Json)
])
const names = [
  "type",
  "event",
  "event_id",
  "userId",
  "anonymousId",
  "context",
  "timestamp",
  "properties",
  "traits",
  "other"
]
/** Nearly events: each field is there or not, and right or not. */
const near = Schema.Struct(Object.fromEntries(names.map((name) => [name, Schema.optionalKey(field)])))

const asRead = <S extends Schema.ConstraintDecoder<unknown>>(schema: S) => {
  const decode = exactDecoder(schema)
  return (value: unknown) => Result.getOrNull(decode(value))
}
const readers = [
  [asRead(BatchItem), (value: unknown) => plainProductEvent(value)],
  [asRead(Track), (value: unknown) => plainProductEvent(value, "track")],
  [asRead(Identify), (value: unknown) => plainProductEvent(value, "identify")]
] as const

const agrees = (sent: unknown): void => {
  const text = JSON.stringify(sent)
  const value: unknown = JSON.parse(text)
  if (text.includes("\\u") || inspect(value, true).length > 0) return
  for (const [read, plain] of readers) {
    const found = plain(value)
    if (found !== null) assert.deepEqual(found as unknown, read(value), text)
  }
}

it.prop("whatever is sent", [Schema.Union([near, Schema.Json])], ([sent]) => agrees(sent), {
  arbitrary: { runs: 1_000 }
})

it.prop("each event that the schema has", [Schema.Union([BatchItem, Track, Identify])], ([sent]) => agrees(sent))

it("what most send is read without it", () => {
  const track = {
    event: "Order Shipped",
    event_id: "e-1",
    userId: "u",
    properties: { a: [1] },
    timestamp: "2026-01-31T09:00:00Z"
  }
  const identify = { anonymousId: "v", traits: {}, context: {} }
  for (const [value, type] of [
    [track, "track"],
    [identify, "identify"]
  ] as const) {
    assert.isNotNull(plainProductEvent({ type, ...value }))
    assert.isNotNull(type === "track" ? plainProductEvent(value, type) : plainProductEvent(value, type))
  }
})
