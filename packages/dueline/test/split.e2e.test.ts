/** The program taken apart: every role a process, each of which can stop, die and come back while calls go on. */
import { answers } from "@dueline/test-servers/ServerProcess"
import { startNats } from "@dueline/test-servers/startNats"
import { startRedis } from "@dueline/test-servers/startRedis"
import { missing, temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { schemePresets } from "@dueline/contracts/courierSource/SignatureScheme"
import { withSession } from "@dueline/postgres/Database"
import { signRequest } from "@dueline/secrets/requestSignature"
import { assert } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { createHash, randomBytes } from "node:crypto"
import { readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, describe, it } from "vitest"
import { type Collector, rootsOf, startCollector } from "./Collector.ts"
import type { RunningProgram } from "./RunningProgram.ts"
import { eventually, newInstallation, type SplitInstallation } from "./SplitInstallation.ts"
import { startTarget, type Target } from "./Target.ts"

const roles = ["api", "orchestrator", "timer", "dispatcher", "executor", "ingest"] as const
type Role = (typeof roles)[number]

interface Call {
  readonly id: string
  readonly status: string
  readonly attempts: ReadonlyArray<{ readonly number: number; readonly outcome: string }>
}

/** Whatever stands for one tenant in a line: ids of what it has, of what happened to that, and what these were caused by. */
const ownersStatement = `select distinct on (id) id, tenant from (
    select tenant_id::text as id, tenant_id::text as tenant from dueline.events
    union all select stream_id::text, tenant_id::text from dueline.events
    union all select event_id::text, tenant_id::text from dueline.events
    union all select metadata ->> 'correlationId', tenant_id::text from dueline.events
  ) owned where length(id) > 8 order by id`

/** What one does across tenants is told of in the name of one's own. */
const isAcross = (action: unknown): boolean => typeof action === "string" && action.startsWith("tenants.")

const absent = (await missing("nats")) || (await missing("postgres"))

describe.skipIf(absent)("the program taken apart", () => {
  let installation: SplitInstallation
  let target: Target
  let token: string
  let collector: Collector
  let redis: Awaited<ReturnType<typeof startRedis>>
  const programs = new Map<Role, RunningProgram>()
  const held: Array<() => void> = []
  /** What the target gives out as one. */
  let payload = ""

  const of = (role: Role): RunningProgram => {
    const program = programs.get(role)
    if (program === undefined) throw new Error(`${role} does not run`)
    return program
  }
  const ask = (path: string, init: RequestInit = {}, role: Role = "api") =>
    fetch(`${of(role).address}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...init.headers }
    })
  const submit = (path: string, extra: object = {}, headers: Record<string, string> = {}) =>
    ask("/v1/service-calls", {
      method: "POST",
      headers,
      body: JSON.stringify({ delay: 0, request: { method: "POST", url: `${target.url}${path}` }, ...extra })
    })
  const call = async (id: string) => (await (await ask(`/v1/service-calls/${id}`)).json()) as Call
  const ended = (id: string, status = "Succeeded") => eventually(async () => (await call(id)).status === status)
  /** A login that may do no more than the role. */
  const ingestSettings = () => {
    const url = new URL(installation.postgres.url)
    url.username = "only_ingest"
    url.password = "secret"
    return { DUELINE_DATABASE_URL: url.href, DUELINE_MIGRATE: "no" }
  }
  const arrivals = (path: string) => target.seen.filter((seen) => seen.path === path)

  const tell = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const response = await ask(path, { method: "POST", headers, body: JSON.stringify(body) })
    const answer = (await response.json()) as {
      readonly id: string
      readonly notifications: ReadonlyArray<{ readonly callId: string }>
    }
    assert.isTrue(response.ok, JSON.stringify(answer))
    return answer
  }
  const later = (ms: number) => new Date(Date.now() + ms).toISOString()
  /** A pickup whose window begins in `ms` milliseconds, with one notification `lead` before that. */
  const scheduled = async (
    customerId: string,
    serialNumber: string,
    ms: number,
    lead: string,
    headers: Record<string, string> = {}
  ) => {
    const { id: binId } = await tell("/ops/bins", { serialNumber, category: "skip", sizeLitres: 1_000 })
    const window = { from: later(ms), to: later(ms + 3_600_000) }
    const notifications = [{ url: `${target.url}/${serialNumber}`, lead }]
    return tell("/ops/orders", { customerId, binId, kind: "pickup", window, notifications, schedule: true }, headers)
  }

  beforeAll(async () => {
    installation = await newInstallation()
    target = await startTarget(({ path }, response) => {
      const answer = () => void response.writeHead(200).end(path === "/payload" ? payload : "ok")
      if (path.startsWith("/held")) held.push(answer)
      else answer()
    })
    collector = await startCollector()
    redis = await startRedis({ directory: await temporaryDirectory() })
    const traced = {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      DUELINE_TRACE_RATIO: "1",
      LOG_LEVEL: "debug",
      DUELINE_PAYLOAD_HOSTS: "http://127.0.0.1"
    }
    await Effect.runPromise(
      withSession({ url: Redacted.make(installation.postgres.url) }, (sql) =>
        sql.unsafe("create role only_ingest login password 'secret' in role dueline_ingest")
      )
    )
    const own = (role: Role) =>
      role === "ingest" ? ingestSettings() : role === "api" ? { DUELINE_REDIS_URL: redis.url } : {}
    await Promise.all(
      roles.map(async (role) => void programs.set(role, await installation.start(role, { ...traced, ...own(role) })))
    )
    await installation.command("tenant", "create", "demo")
    token = (await installation.command("token")).stdout.trim()
  })

  afterAll(async () => {
    for (const answer of held) answer()
    await target.close()
    await installation.close()
    await collector.close()
    await redis.stop()
  })

  it("tells who watches at the edge of changes that other processes make", { tags: ["ADR-0044.3"] }, async () => {
    const answer = await ask("/v1/service-calls/live")
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
    if (reader === undefined) throw new Error("the stream has no body")
    let told = ""
    const until = async (holds: () => boolean) => {
      while (!holds()) {
        const { done, value = "" } = await reader.read()
        if (done) throw new Error(`the stream ended: ${told}`)
        told += value
      }
    }
    await until(() => told.includes('"sequence":0'))
    const { id } = (await (await submit("/watched")).json()) as Call
    await until(() => told.includes(id) && told.includes('"status":"Succeeded"'))
    await reader.cancel()
  })

  it("a call that one process takes is decided, made and told of by others", async () => {
    const response = await submit("/first", { delay: 300 }, { prefer: "wait=20" })
    const body = (await response.json()) as Call
    assert.strictEqual(body.status, "Succeeded")
    assert.lengthOf(arrivals("/first"), 1)
  })

  it("a session that one process ends is refused by another as soon as it hears of it", {
    tags: ["ADR-0041.4"]
  }, async () => {
    const { stdout } = await installation.command("console", "--tenant", "demo", "--json")
    const { code, session } = JSON.parse(stdout) as { readonly code: string; readonly session: string }
    const granted = await fetch(`${of("api").address}/oauth/token`, {
      method: "POST",
      body: new URLSearchParams({ grant_type: "authorization_code", code })
    })
    const { access_token: access } = (await granted.json()) as { readonly access_token: string }
    const told = () =>
      ask(
        "/v1/events/track",
        {
          method: "POST",
          headers: { authorization: `Bearer ${access}` },
          // Not in the form of an event: of who may report it is found wrong, and nothing is kept.
          body: "{}"
        },
        "ingest"
      ).then(({ status }) => status)
    assert.strictEqual(await told(), 422)
    const ending = await ask(`/v1/sessions/${session}`, { method: "DELETE" })
    assert.isTrue(ending.ok, await ending.text())
    await eventually(async () => (await told()) === 401)
  })

  it("a pause of a target that one edge takes in holds its calls at all executors, until it is resumed there", {
    tags: ["ADR-0042.1"]
  }, async () => {
    const other = await startTarget()
    try {
      const free = (id: string) =>
        tell("/v1/service-calls", { delay: 0, request: { method: "POST", url: `${other.url}/${id}` } })
      const { id } = await tell("/v1/pauses", { of: "target", key: target.url, reason: "it moves" })
      /** Whether a call to the paused target left before one to another that was made after it. */
      const leaves = async (path: string): Promise<boolean> => {
        const probe = (await (await submit(path)).json()) as Call
        await ended((await free("free")).id)
        return arrivals(path).length > 0 || (await call(probe.id)).status !== "Scheduled"
      }
      // Each process hears of it a little later.
      let round = 0
      while (await leaves(`/pausing-${round}`)) round += 1
      const held = (await (await submit("/paused")).json()) as Call
      await ended((await free("after")).id)
      assert.lengthOf(arrivals("/paused"), 0)
      const { waitsFor } = (await (await ask(`/v1/service-calls/${held.id}`)).json()) as {
        readonly waitsFor: { readonly text: string }
      }
      assert.match(waitsFor.text, /: it moves$/u)
      await tell(`/v1/pauses/${id}/resume`, {})
      await ended(held.id)
      assert.lengthOf(arrivals("/paused"), 1)
      await eventually(() => arrivals(`/pausing-${round}`).length === 1)
    } finally {
      await other.close()
    }
  })

  it("every process shows what its roles count", { tags: ["ADR-0009.2"] }, async () => {
    const own: Readonly<Record<Role, RegExp>> = {
      api: /dueline_http_requests_total\{method="POST",status="200"\} [1-9]/u,
      orchestrator: /dueline_events_total\{kind="service-call",type="ExecutionSucceeded"\} [1-9]/u,
      timer: /roles="timer"\} 1/u,
      dispatcher: /dueline_messages_published_total [1-9]/u,
      executor: /dueline_attempts_total\{result="2xx"\} [1-9]/u,
      ingest: /roles="ingest"\} 1/u
    }
    const texts = await Promise.all(roles.map(async (role) => (await ask("/metrics", {}, role)).text()))
    for (const [n, role] of roles.entries()) {
      const text = texts[n] ?? ""
      assert.match(text, own[role])
      assert.include(text, "process_cpu_seconds_total")
      for (const other of roles) if (other !== role) assert.notMatch(text, own[other], `${other} at ${role}`)
    }
  })

  it("a payload that the edge takes in is fetched by an executor, and becomes an order at the orchestrator", {
    tags: ["ADR-0031.3"]
  }, async () => {
    const { id: customerId } = await tell("/ops/customers", { profile: { name: "Jo Doe" } })
    const { id: binId } = await tell("/ops/bins", { serialNumber: "P-1", category: "skip", sizeLitres: 1_000 })
    const window = { from: later(3_600_000), to: later(7_200_000) }
    payload = JSON.stringify({ customerId, binId, kind: "pickup", window })
    const digest = `sha-256=:${createHash("sha256").update(payload).digest("base64")}:`
    const { id } = await tell("/ops/ingest/dropbin", { payloadRef: { uri: `${target.url}/payload`, digest } })
    const state = async () => (await (await ask(`/ops/ingestions/${id}`)).json()) as { readonly status: string }
    await eventually(async () => (await state()).status !== "Received")
    assert.nestedInclude(await state(), { status: "Completed", "dropbin.failure": null })
    assert.lengthOf(arrivals("/payload"), 1)
  })

  it("an order and all that follows from it is one trace, through all processes", {
    tags: ["ADR-0009.4"]
  }, async () => {
    const traceId = randomBytes(16).toString("hex")
    const traceparent = `00-${traceId}-${randomBytes(8).toString("hex")}-00`
    const { id: customerId } = await tell("/ops/customers", { profile: { name: "Jo Doe" } })
    const order = await scheduled(customerId, "TRACED", 2_500, "1s", { traceparent })
    await ended(order.notifications[0]?.callId ?? "")
    const spans = () => collector.spans.filter((span) => span.traceId === traceId)
    const names = () => new Set(spans().map(({ name }) => name))
    const expected = [
      "POST /ops/orders",
      "send ops.service.order.scheduled",
      "process ops.service.order.scheduled",
      "command SubmitServiceCall",
      "POST",
      "command RecordSuccess"
    ]
    // Each process sends its own every two seconds.
    await eventually(() => expected.every((name) => names().has(name)) && rootsOf(spans()).length === 1)
    assert.strictEqual(rootsOf(spans())[0]?.name, "POST /ops/orders")
    const arrived = arrivals("/TRACED")[0]?.headers["traceparent"]
    assert.include(String(arrived), traceId)
  })

  it("a tenant that is suspended is refused by every process, and its calls wait until it is resumed", {
    tags: ["ADR-0034.2"]
  }, async () => {
    const made = await installation.command("--json", "tenant", "create", "acme")
    const { tenantId: acme } = JSON.parse(made.stdout) as { readonly tenantId: string }
    const byOperator = (await installation.command("token", "--scope", "ops:tenants.write")).stdout.trim()
    const operator = { authorization: `Bearer ${byOperator}` }
    const authorization = `Bearer ${(await installation.command("token", "--tenant", "acme")).stdout.trim()}`
    const asAcme = (path: string, init: RequestInit = {}) =>
      fetch(`${of("api").address}${path}`, {
        ...init,
        headers: { authorization, "content-type": "application/json", ...init.headers }
      })
    const body = JSON.stringify({ delay: 8_000, request: { method: "POST", url: `${target.url}/acme` } })
    assert.strictEqual((await asAcme("/v1/service-calls", { method: "POST", body })).status, 202)
    const change = async (what: string, body?: string) => {
      const path = `/ops/tenants/${acme}/${what}`
      const response = await ask(path, { method: "POST", headers: operator, ...(body === undefined ? {} : { body }) })
      assert.strictEqual(response.status, 200, await response.text())
    }
    await change("suspend", '{"reason":"unpaid"}')
    await eventually(async () => (await asAcme("/v1/service-calls")).status === 403)
    // One of another tenant that is due later has been made, and that one has not.
    const other = (await (await submit("/other", { delay: 9_000 })).json()) as Call
    await ended(other.id)
    assert.lengthOf(arrivals("/acme"), 0)
    await change("resume")
    await eventually(async () => arrivals("/acme").length === 1)
    assert.strictEqual((await asAcme("/v1/service-calls")).status, 200)
  })

  it("every process says how it is, and only the edge serves anything else", async () => {
    for (const role of roles) {
      const ready = await ask("/ready", {}, role)
      const { dependencies, status } = (await ready.json()) as {
        readonly status: string
        readonly dependencies: ReadonlyArray<{ readonly name: string }>
      }
      assert.deepStrictEqual([ready.status, status], [200, "ready"], role)
      assert.deepStrictEqual(
        dependencies.map(({ name }) => name),
        role === "api" ? ["database", "nats", "redis"] : ["database", "nats"]
      )
      for (const probe of ["/health", "/health/live", "/health/startup"]) assert.isTrue((await ask(probe, {}, role)).ok)
      assert.strictEqual((await ask("/v1/service-calls", {}, role)).status, role === "api" ? 200 : 404)
    }
  })

  it("the edge answers a repeat itself while the writer stands still, and by the writer when Redis is gone", {
    timeout: 60_000,
    tags: ["ADR-0050.3", "ADR-0050.4"]
  }, async () => {
    const repeat = async (delay = 3_600_000, key = "cached") => {
      const answer = await submit("/cached", { delay }, { "idempotency-key": key })
      const {
        date: _,
        "x-correlation-id": _id,
        "x-idempotent-replayed": replayed,
        ...headers
      } = Object.fromEntries(answer.headers)
      return { replayed, kept: { status: answer.status, body: await answer.text(), headers } }
    }
    const first = await repeat()
    assert.deepStrictEqual([first.replayed, first.kept.status], [undefined, 202])
    await eventually(() => answers(redis.port, "KEYS *:ops:*:idem:cached\r\n", /^\*[1-9]/u))
    of("orchestrator").child.kill("SIGSTOP")
    try {
      assert.deepStrictEqual(await repeat(), { replayed: "true", kept: first.kept })
    } finally {
      of("orchestrator").child.kill("SIGCONT")
    }
    assert.strictEqual((await repeat(7_200_000)).kept.status, 422)
    // From here on, for the rest of this file.
    await redis.kill()
    assert.deepStrictEqual(await repeat(), { replayed: "true", kept: first.kept })
    assert.strictEqual((await repeat(7_200_000)).kept.status, 422)
    assert.strictEqual((await repeat(0, "without")).kept.status, 202)
    const overview = await ask("/v1/overview")
    assert.strictEqual(overview.status, 200)
    assert.strictEqual((await ask("/ready")).status, 200)
  })

  it("a process that only takes in events does so with a login that may do nothing else", {
    timeout: 60_000,
    tags: ["ADR-0030.8"]
  }, async () => {
    const body = JSON.stringify({ name: "north-express", scheme: "standard-webhooks" })
    const source = (await (await ask("/ops/courier-sources", { method: "POST", body })).json()) as {
      readonly secret: string
      readonly links: { readonly events: string }
    }
    const event = JSON.stringify({
      id: "evt-1",
      type: "label.created",
      trackingReference: "NX-1",
      occurredAt: "2026-01-31T09:35:00Z"
    })
    const report = async (role: Role) => {
      const signed = signRequest(schemePresets["standard-webhooks"], source.secret, {
        at: Date.now(),
        body: new TextEncoder().encode(event),
        headers: { "webhook-id": "m-1" }
      })
      const headers = { ...signed, "content-type": "application/json" }
      const answer = await fetch(`${of(role).address}${source.links.events}`, { method: "POST", headers, body: event })
      const receipt = (await answer.json()) as { readonly id: string }
      assert.strictEqual(answer.status, 202, JSON.stringify(receipt))
      return receipt
    }
    const taken = await report("ingest")
    assert.strictEqual((await report("api")).id, taken.id)
    await eventually(async () => {
      const seen = (await (await ask(`/ops/ingestions/${taken.id}`)).json()) as { readonly status: string }
      return seen.status === "Completed"
    })
    const payload = { customerId: crypto.randomUUID(), binId: crypto.randomUUID(), kind: "pickup" }
    const dropped = await ask("/ops/ingest/dropbin", { method: "POST", body: JSON.stringify({ payload }) }, "ingest")
    assert.include([202, 422], dropped.status, await dropped.text())
    const shipped = { event: "Order Shipped", event_id: "order-1-shipped" }
    const reportedAs = async (path: string, body: object, role: Role = "ingest") => {
      const answer = await ask(path, { method: "POST", body: JSON.stringify(body) }, role)
      assert.strictEqual(answer.status, 200, path)
      return (await answer.json()) as { readonly status?: string; readonly stored?: number }
    }
    assert.strictEqual((await reportedAs("/v1/events/track", shipped)).status, "stored")
    assert.strictEqual((await reportedAs("/v1/events/track", shipped, "api")).status, "duplicate")
    assert.strictEqual((await reportedAs("/v1/events/identify", { userId: "user-1" })).status, "stored")
    for (const path of ["/v1/events/batch", "/v1/batch"])
      assert.strictEqual((await reportedAs(path, { batch: [{ type: "track", event: "Order Shipped" }] })).stored, 1)
    const listed = (await (await ask("/v1/events")).json()) as { readonly items: ReadonlyArray<unknown> }
    assert.lengthOf(listed.items, 4)
    for (const path of [
      "/v1/events",
      "/ops/ingestions",
      `/ops/ingestions/${taken.id}`,
      "/ops/courier-sources",
      "/docs",
      "/openapi.json"
    ])
      assert.strictEqual((await ask(path, {}, "ingest")).status, 404, path)
  })

  it("a key that one process revokes is refused by another as soon as it hears of it", {
    timeout: 60_000,
    tags: ["ADR-0032.4"]
  }, async () => {
    const scopes = ["ops:ingestions.write"]
    const made = await ask("/v1/api-keys", { method: "POST", body: JSON.stringify({ name: "bins", scopes }) })
    const { id, key } = (await made.json()) as { readonly id: string; readonly key: string }
    const payload = { customerId: crypto.randomUUID(), binId: crypto.randomUUID(), kind: "pickup" }
    const drop = async () => {
      const headers = { authorization: `Bearer ${key}` }
      const answer = await ask(
        "/ops/ingest/dropbin",
        { method: "POST", headers, body: JSON.stringify({ payload }) },
        "ingest"
      )
      return answer.status
    }
    assert.include([202, 422], await drop())
    const revoked = Date.now()
    assert.strictEqual((await ask(`/v1/api-keys/${id}`, { method: "DELETE" })).status, 200)
    await eventually(async () => (await drop()) === 401)
    // Remembered for a minute where nobody tells.
    assert.isBelow(Date.now() - revoked, 50_000)
  })

  it("a second orchestrator takes over the partitions of one that is killed, and nobody hears of it", {
    timeout: 60_000,
    tags: ["ADR-0014.1"]
  }, async () => {
    const second = await installation.start("orchestrator")
    const killed = of("orchestrator")
    const before = await Promise.all(Array.from({ length: 20 }, (_, n) => submit(`/around-${n}`)))
    await killed.stop("SIGKILL")
    const after = await Promise.all(Array.from({ length: 20 }, (_, n) => submit(`/around-${n + 20}`)))
    programs.set("orchestrator", second)
    for (const response of [...before, ...after]) {
      assert.strictEqual(response.status, 202)
      await ended(((await response.json()) as Call).id)
    }
  })

  it("an attempt of an executor that is killed is made again by another, as a new attempt", async () => {
    const { id } = (await (await submit("/held-1")).json()) as Call
    await eventually(() => arrivals("/held-1").length === 1)
    const second = await installation.start("executor")
    await of("executor").stop("SIGKILL")
    programs.set("executor", second)
    await eventually(() => arrivals("/held-1").length === 2)
    for (const answer of held.splice(0)) answer()
    await ended(id)
    const { attempts } = await call(id)
    assert.deepStrictEqual(
      attempts.map(({ number, outcome }) => [number, outcome]),
      [
        [1, "failed"],
        [2, "succeeded"]
      ]
    )
    assert.deepStrictEqual(
      arrivals("/held-1").map(({ headers }) => headers["dueline-epoch"]),
      ["1", "2"]
    )
  }, 60_000)

  it("an executor that is told to stop ends what it has on the wire, hands back the rest and exits with 0", async () => {
    const { id } = (await (await submit("/held-2")).json()) as Call
    await eventually(() => arrivals("/held-2").length === 1)
    const second = await installation.start("executor")
    const stopped = of("executor").stop("SIGTERM")
    programs.set("executor", second)
    const others = await Promise.all(Array.from({ length: 10 }, (_, n) => submit(`/meanwhile-${n}`)))
    for (const answer of held.splice(0)) answer()
    assert.strictEqual(await stopped, 0)
    await ended(id)
    assert.lengthOf((await call(id)).attempts, 1)
    for (const response of others) await ended(((await response.json()) as Call).id)
  }, 60_000)

  it("each role but the edge stops with exit code 0 as well, and comes back", async () => {
    for (const role of ["timer", "dispatcher", "orchestrator"] as const) {
      assert.strictEqual(await of(role).stop("SIGTERM"), 0, role)
      programs.set(role, await installation.start(role))
    }
    const response = await submit("/after-stops", {}, { prefer: "wait=20" })
    assert.strictEqual(((await response.json()) as Call).status, "Succeeded")
  }, 60_000)

  it("an order's notification is called when due and follows its order, though the orchestrator is killed in between", {
    timeout: 60_000,
    tags: ["ADR-0019.5"]
  }, async () => {
    const { id: customerId } = await tell("/ops/customers", { profile: { name: "Jo Doe" } })
    const pickup = async (serialNumber: string, ms: number) => scheduled(customerId, serialNumber, ms, "1s")
    const [near, far] = [await pickup("NEAR", 60_000), await pickup("FAR", 60_000)]
    const callOf = ({ notifications }: typeof near) => notifications[0]?.callId ?? ""
    await ended(callOf(near), "Scheduled")
    await of("orchestrator").stop("SIGKILL")
    programs.set("orchestrator", await installation.start("orchestrator"))
    const soon = { window: { from: later(1_500), to: later(3_600_000) } }
    await tell(`/ops/orders/${near.id}/move`, soon, { "if-match": "*" })
    assert.isTrue((await ask(`/ops/orders/${far.id}/cancel`, { method: "POST" })).ok)
    await ended(callOf(near))
    await ended(callOf(far), "Cancelled")
    assert.deepStrictEqual([arrivals("/NEAR").length, arrivals("/FAR").length], [1, 0])
  })

  it("without NATS the edge is not ready and says so in words; all goes on when it is back, though it has lost its disk", {
    timeout: 90_000,
    tags: ["ADR-0003.3", "ADR-0002.2"]
  }, async () => {
    // Far enough ahead to be left with the broker, which then forgets it.
    const { id } = (await (await submit("/later", { delay: 4_000 })).json()) as Call
    await installation.nats.kill()
    const refused = await submit("/refused", {}, { "idempotency-key": "while-away" })
    assert.strictEqual(refused.status, 503)
    assert.strictEqual(((await refused.json()) as { readonly code: string }).code, "unavailable")
    await eventually(async () => (await ask("/ready")).status === 503)
    assert.strictEqual((await ask(`/v1/service-calls/${id}`)).status, 200)
    for (const role of roles) assert.include(of(role).output(), "NATS at 127.0.0.1", role)
    // Nor can the process remember it for the broker.
    await of("orchestrator").stop("SIGKILL")
    const { natsDirectory } = installation
    for (const name of await readdir(natsDirectory)) {
      await rm(join(natsDirectory, name), { recursive: true, force: true })
    }
    const again = await startNats({ directory: natsDirectory, port: installation.nats.port })
    installation = { ...installation, nats: again }
    programs.set("orchestrator", await installation.start("orchestrator"))
    await eventually(async () => (await ask("/ready")).status === 200)
    await ended(id)
    const accepted = await submit("/refused", {}, { "idempotency-key": "while-away" })
    assert.strictEqual(accepted.status, 202)
    await ended(((await accepted.json()) as Call).id)
    assert.lengthOf(arrivals("/refused"), 1)
  })

  it("every line of the log that is about something of a tenant names the tenant", async () => {
    const database = { url: Redacted.make(installation.postgres.url) }
    const owners = await Effect.runPromise(
      withSession(database, (sql) => sql.unsafe<{ readonly id: string; readonly tenant: string }>(ownersStatement))
    )
    const ownerOf = new Map(owners.map(({ id, tenant }) => [id, tenant]))
    const lines = installation
      .output()
      .split("\n")
      .filter((line) => line.startsWith('{"ts"'))
    const about = lines.flatMap((line) => {
      const { action, tenantId, ...rest } = JSON.parse(line) as Readonly<Record<string, unknown>>
      const named = JSON.stringify(rest).match(
        /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<="correlationId":")[^"]+/gu
      )
      const owner = (named ?? []).map((id) => ownerOf.get(id)).find((tenant) => tenant !== undefined)
      return owner === undefined
        ? []
        : [{ line, names: tenantId === owner || (isAcross(action) && tenantId !== undefined) }]
    })
    assert.isAbove(about.length, 200)
    assert.deepStrictEqual(
      about.filter(({ names }) => !names).map(({ line }) => line),
      []
    )
  })

  it("the log and the read models agree after all this", async () => {
    const { code, stdout } = await installation.command("verify")
    assert.strictEqual(code, 0, stdout)
  })
})
