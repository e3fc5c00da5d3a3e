/** Couriers' events, from the outside: signed, taken in, carried out on shipment and order, with the program killed in between. */
import { assert, describe, it } from "@effect/vitest"
import { schemePresets } from "@dueline/contracts/courierSource/SignatureScheme"
import { signRequest } from "@dueline/secrets/requestSignature"
import { afterAll, beforeAll } from "vitest"
import { newHome, removeHome, runCommand, type RunningProgram, startProgram } from "./RunningProgram.ts"

type Json = Readonly<Record<string, unknown>>

let home: string
let program: RunningProgram
let token: string

beforeAll(async () => {
  home = await newHome()
  program = await startProgram(home)
  token = (await runCommand(home, ["token"])).stdout.trim()
})

afterAll(async () => {
  await program.stop("SIGTERM")
  await removeHome(home)
})

const ask = async (method: string, path: string, body?: Json): Promise<Json> => {
  const response = await fetch(`${program.address}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  return (await response.json()) as Json
}

/** The ingestion's id; null when the program died before it answered. */
const report = async (source: Json, event: Json): Promise<string | null> => {
  const body = JSON.stringify(event)
  const headers = signRequest(schemePresets["standard-webhooks"], String(source["secret"]), {
    at: Date.now(),
    body: new TextEncoder().encode(body),
    headers: { "webhook-id": String(event["id"]) }
  })
  try {
    const response = await fetch(`${program.address}/v1/events/courier/${String(source["id"])}`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body
    })
    const answer = (await response.json()) as Json
    assert.strictEqual(response.status, 202, JSON.stringify(answer))
    return String(answer["id"])
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError) return null
    throw error
  }
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

const ended = async (id: string): Promise<Json> => {
  for (let poll = 0; poll < 600; poll += 1) {
    const found = await ask("GET", `/ops/ingestions/${id}`)
    if (found["endedAt"] !== null) return found
    await pause(50)
  }
  return assert.fail(`ingestion ${id} has not ended`)
}

const pickupOrder = async (n: number): Promise<string> => {
  const customer = await ask("POST", "/ops/customers", { profile: { name: "Jo Doe" } })
  const bin = await ask("POST", "/ops/bins", { serialNumber: `E-${n}`, category: "skip", sizeLitres: 1_000 })
  const from = Date.now() + 3_600_000
  const window = { from: new Date(from).toISOString(), to: new Date(from + 3_600_000).toISOString() }
  const order = await ask("POST", "/ops/orders", {
    customerId: customer["id"],
    binId: bin["id"],
    kind: "pickup",
    window,
    schedule: true
  })
  return String(order["id"])
}

describe("couriers' events", () => {
  it("are carried out to their end: shipment, order and record, also when the program is killed right after it took them in", {
    timeout: 120_000,
    tags: ["ADR-0030.6"]
  }, async () => {
    const created = await runCommand(home, [
      "source",
      "create",
      "north-express",
      "--scheme",
      "standard-webhooks",
      "--json",
      "--server",
      program.address
    ])
    assert.strictEqual(created.code, 0, created.stderr)
    const source = JSON.parse(created.stdout) as Json
    const orderId = await pickupOrder(1)
    const occurredAt = new Date().toISOString()
    const event = (n: number, more: Json): Json => ({
      id: `evt-${n}`,
      trackingReference: `T-${n}`,
      occurredAt,
      ...more
    })
    const events = [
      event(0, { type: "pickup.completed", orderId }),
      ...Array.from({ length: 30 }, (_, n) => event(n + 1, { type: "shipment.in_transit" }))
    ]
    const first = await Promise.all(events.map((each) => report(source, each)))
    await program.stop("SIGKILL")
    program = await startProgram(home)
    // Whoever got no answer sends again; whoever got one may do so too.
    const ids = await Promise.all(events.map((each) => report(source, each)))
    for (const [index, id] of ids.entries()) {
      assert.isNotNull(id)
      assert.oneOf(first[index], [id, null])
      assert.strictEqual((await ended(id ?? ""))["status"], "Completed")
    }
    assert.strictEqual((await ask("GET", `/ops/orders/${orderId}`))["status"], "Completed")
    const shipments = (await ask("GET", "/ops/shipments?limit=200"))["items"] as ReadonlyArray<Json>
    assert.lengthOf(shipments, events.length)
    assert.isTrue(shipments.every(({ version }) => version === 1))
    const nowhere = await report(source, event(99, { type: "pickup.completed", orderId: crypto.randomUUID() }))
    const failed = await ended(nowhere ?? "")
    assert.deepInclude(failed, { status: "Failed", failures: 1 })
    assert.include(program.output(), "Dueline is ready")
    assert.notInclude(program.output(), String(source["secret"]))
  })
})
