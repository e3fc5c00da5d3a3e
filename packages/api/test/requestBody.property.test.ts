import { BatchItem, SubmitServiceCall } from "@dueline/contracts/api/ServiceCallRequest"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { canonicalJson } from "../src/resources/asking.ts"
import { exactDecoder } from "../src/requests/requestBody.ts"
import { later } from "./Edge.ts"

const schemas = { SubmitServiceCall, BatchItem }
const strict = { errors: "all", onExcessProperty: "error" } as const

/** By the canonical form of what was decoded, or the words of what is wrong. */
const told = (result: Result.Result<unknown, Schema.SchemaError>): string =>
  Result.isSuccess(result) ? canonicalJson(result.success) : String(result.failure.issue)

const Name = Schema.Union([
  Schema.Literals([
    "dueAt",
    "delay",
    "request",
    "tags",
    "retry",
    "timeoutMs",
    "idempotencyKey",
    "correlationId",
    "other"
  ]),
  Schema.Literals(["__proto__", "constructor", "toString", ""])
])
const Inner = Schema.Literals(["request", "headers", "body", "retry", "whole"])

const own = (name: string, value: unknown): object =>
  Object.defineProperty({}, name, { value, enumerable: true, configurable: true, writable: true })

const within = (inner: typeof Inner.Type, name: string, value: unknown): unknown => {
  const one = own(name, value)
  if (inner === "whole") return Object.defineProperties({ ...later }, Object.getOwnPropertyDescriptors(one))
  if (inner === "retry") return { ...later, retry: one }
  if (inner === "request") {
    const request = Object.defineProperties({ ...later.request }, Object.getOwnPropertyDescriptors(one))
    return { ...later, request }
  }
  return { ...later, request: { ...later.request, [inner]: one } }
}

describe("a body that is decoded exactly", () => {
  it.effect.prop(
    "is what the strict options make of it, whatever stands where",
    { inner: Inner, name: Name, value: Schema.Union([Schema.Json, Schema.Literals(["a", 1]), Schema.Null]) },
    ({ inner, name, value }) =>
      Effect.sync(() => {
        const sent = within(inner, name, value)
        for (const schema of Object.values(schemas)) {
          const strictly = Schema.decodeUnknownResult(schema as typeof BatchItem, strict)(sent)
          assert.strictEqual(told(exactDecoder(schema as typeof BatchItem)(sent)), told(strictly))
        }
      }),
    { tags: ["ADR-0007.2"] }
  )
})
