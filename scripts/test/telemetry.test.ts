import { assert, describe, test } from "vitest"
import { staleTelemetryPages } from "../telemetry.ts"

describe("the description of metrics", { tags: ["ADR-0009.1"] }, () => {
  test("is what the code says (pnpm telemetry --write)", () => {
    assert.deepStrictEqual(staleTelemetryPages(), [])
  })
})
