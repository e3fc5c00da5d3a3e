/**
 * What comes in, from the outside: couriers' events, signed, taken in and carried out on shipment and order; payloads, fetched and made into orders;
 * with the program killed in between.
 */
import { assert, describe, it } from "@effect/vitest"
import { schemePresets } from "@dueline/contracts/courierSource/SignatureScheme"
import { signRequest } from "@dueline/secrets/requestSignature"
import { afterAll, beforeAll } from "vitest"
import { createHash } from "node:crypto"
import {
  homeWithDatabase,
  printed,
  removeHome,
  runCommand,
  type RunningProgram,
  startProgram
} from "./RunningProgram.ts"
import { startTarget } from "./Target.ts"

type Json = Readonly<Record<string, unknown>>

let home: string
let program: RunningProgram
let token: string

/** Payloads may lie in this process. */
const settings = { DUELINE_PAYLOAD_HOSTS: "http://127.0.0.1" }

beforeAll(async () => {
  home = await homeWithDatabase()
  program = await startProgram(home, settings)
  token = await printed(home, ["token"])
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

/** A pickup of a bin of its own; in the n-th hour from now. */
const pickups = async (serialNumber: string): Promise<(n: number) => Json> => {
  const customer = await ask("POST", "/ops/customers", { profile: { name: "Jo Doe" } })
  const bin = await ask("POST", "/ops/bins", { serialNumber, category: "skip", sizeLitres: 1_000 })
  const now = Date.now()
  const hour = (n: number) => new Date(now + n * 3_600_000).toISOString()
  return (n) => ({
    customerId: customer["id"],
    binId: bin["id"],
    kind: "pickup",
    window: { from: hour(n), to: hour(n + 1) }
  })
}

const pickupOrder = async (n: number, schedule = true): Promise<string> => {
  const pickup = (await pickups(`E-${n}`))(1)
  return String((await ask("POST", "/ops/orders", { ...pickup, schedule }))["id"])
}

/** The dead letter of an ingestion, once it is in this state. */
const letterOf = async (ingestionId: unknown, state: string): Promise<Json> => {
  for (let poll = 0; poll < 600; poll += 1) {
    const { items } = await ask("GET", `/v1/dead-letters?group=ingestion&state=${state}`)
    const found = (items as ReadonlyArray<Json>).find(({ streamId }) => streamId === ingestionId)
    if (found !== undefined) return found
    await pause(50)
  }
  return assert.fail(`ingestion ${String(ingestionId)} has no dead letter that is ${state}`)
}

const replayOne = async ({ id }: Json): Promise<void> => {
  const { code, stderr } = await runCommand(home, ["dlq", "replay", String(id), "--json", "--server", program.address])
  assert.strictEqual(code, 0, stderr)
}

/** All that failed for the same reason. */
const replayAlike = async ({ reason }: Json): Promise<void> => {
  const filter = { group: "ingestion", reason: String(reason).slice(0, 40) }
  const { count, token } = await ask("POST", "/v1/jobs/plan", { action: "replay-dead-letters", filter })
  assert.strictEqual(count, 1)
  assert.strictEqual((await ask("POST", "/v1/jobs", { token }))["status"], "Running")
}

/** The cause of the failure is mended: its dead letter is replayed, and the ingestion comes to its other end. */
const completedByReplay = async ({ failures, id }: Json, replay: (letter: Json) => Promise<void>): Promise<void> => {
  const letter = await letterOf(id, "Waiting")
  assert.deepInclude(letter, { failures, topic: "ops.ingestion.failed" })
  await replay(letter)
  assert.deepInclude(await letterOf(id, "Replayed"), { replays: 1, failures })
  // A letter is settled when its group is done with it: by now the ingestion is not what it was.
  assert.strictEqual((await ended(String(id)))["status"], "Completed")
}

/** The ingestion's id; null when the program died before it answered. */
const drop = async (key: string, body: Json): Promise<string | null> => {
  try {
    const response = await fetch(`${program.address}/ops/ingest/dropbin`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify(body)
    })
    const answer = (await response.json()) as Json
    assert.strictEqual(response.status, 202, JSON.stringify(answer))
    return String(answer["id"])
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError) return null
    throw error
  }
}

describe("couriers' events", () => {
  it("are carried out to their end: shipment, order and record, also when the program is killed right after it took them in", {
    timeout: 120_000,
    tags: ["ADR-0030.6", "ADR-0033.6"]
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
    program = await startProgram(home, settings)
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
    const draft = await pickupOrder(2, false)
    const early = await report(source, event(99, { type: "pickup.completed", orderId: draft }))
    const failed = await ended(early ?? "")
    assert.deepInclude(failed, { status: "Failed", failures: 1 })
    await ask("POST", `/ops/orders/${draft}/schedule`)
    await completedByReplay(failed, replayOne)
    assert.strictEqual((await ask("GET", `/ops/orders/${draft}`))["status"], "Completed")
    assert.include(program.output(), "Dueline is ready")
    assert.notInclude(program.output(), String(source["secret"]))
  })
})

describe("payloads", () => {
  it("become one order each, fetched where they have to be, also when the program is killed right after it took them in", {
    timeout: 120_000,
    tags: ["ADR-0031.1", "ADR-0031.3", "ADR-0031.6"]
  }, async () => {
    const pickup = await pickups("D-1")
    const lying = new Map<string, string>()
    // Each is asked for in vain the first time.
    const asked = new Set<string>()
    const host = await startTarget(({ path }, response) => {
      const text = lying.get(path)
      if (asked.has(path) && text !== undefined) response.writeHead(200).end(text)
      else response.writeHead(503).end()
      asked.add(path)
    })
    const bodies = Array.from({ length: 24 }, (_, n): Json => {
      if (n % 2 === 0) return { payload: pickup(n) }
      const text = JSON.stringify(pickup(n))
      lying.set(`/orders/${n}?signature=s3cret`, text)
      const digest = `sha-256=:${createHash("sha256").update(text).digest("base64")}:`
      return { payloadRef: { uri: `${host.url}/orders/${n}?signature=s3cret`, digest } }
    })
    const dropAll = () => Promise.all(bodies.map((body, n) => drop(`drop-${n}`, body)))
    const first = await dropAll()
    await program.stop("SIGKILL")
    program = await startProgram(home, settings)
    const ids = await dropAll()
    const orders = new Set<unknown>()
    for (const [index, id] of ids.entries()) {
      assert.isNotNull(id)
      assert.oneOf(first[index], [id, null])
      const found = await ended(id ?? "")
      assert.strictEqual(found["status"], "Completed", JSON.stringify(found))
      orders.add((found["dropbin"] as Json)["orderId"])
    }
    const made = (await ask("GET", `/ops/orders?limit=200&binId=${String(pickup(0)["binId"])}`))["items"]
    assert.deepStrictEqual(new Set((made as ReadonlyArray<Json>).map(({ id }) => id)), orders)
    assert.strictEqual(orders.size, bodies.length)
    const taken = await ended((await drop("taken", { payload: pickup(0) })) ?? "")
    assert.nestedInclude(taken, { status: "Failed", "dropbin.failure.code": "schedule_conflict" })
    const { freeWindows, orders: holding } = (taken["dropbin"] as Json)["failure"] as Json
    assert.isNotEmpty(freeWindows)
    for (const { id } of holding as ReadonlyArray<Json>) await ask("POST", `/ops/orders/${String(id)}/cancel`)
    await completedByReplay(taken, replayAlike)
    const inside = `${host.url.replace("127.0.0.1", "10.0.0.1")}/x`
    const refused = await ask("POST", "/ops/ingest/dropbin", {
      payloadRef: { uri: inside, digest: `sha-256=:${"A".repeat(43)}=:` }
    })
    assert.strictEqual(refused["code"], "payload_ref_refused")
    assert.notInclude(program.output(), "s3cret")
    await host.close()
  })
})
