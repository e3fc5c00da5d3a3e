/** Event ids: version 7 UUIDs that are a function of what they name. */
import { assert, it } from "@effect/vitest"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { Schema } from "effect"
import { eventId } from "../src/engine/eventId.ts"
import { call, t0, tenantId } from "./ServiceCallSample.ts"

const uuid = Schema.String.check(Schema.isUUID())
const version = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100_000 }))
const at = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 48 - 1 }))

it.prop(
  "an event id is a UUID of version 7 that carries its time and is the same when asked again",
  { tenant: uuid, stream: uuid, version, at },
  ({ at, stream, tenant, version }) => {
    const id = eventId(tenant, stream, version, at)
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u)
    assert.strictEqual(Number.parseInt(id.replace("-", "").slice(0, 12), 16), at)
    assert.strictEqual(eventId(tenant, stream, version, at), id)
  },
  { arbitrary: propertyRuns }
)

it("no two of fifty thousand events of one millisecond share an id", () => {
  const ids = new Set<string>()
  for (let n = 0; n < 10_000; n += 1) for (let v = 1; v <= 5; v += 1) ids.add(eventId(tenantId, call(n), v, t0))
  assert.strictEqual(ids.size, 50_000)
})
