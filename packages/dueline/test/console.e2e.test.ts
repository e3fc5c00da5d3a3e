/** The console as people use it: the program that was put together, in a real browser. One program and one browser for all of it. */
import { AxeBuilder } from "@axe-core/playwright"
import type { AuditProof } from "@dueline/contracts/api/AuditEndpoints"
import { AccessScope } from "@dueline/contracts/api/Access"
import { derivedTenantId } from "@dueline/identity/derivedId"
import { askHome } from "@dueline/postgres/admin/releasedHome"
import { freePort } from "@dueline/test-servers/ServerProcess"
import { notTested } from "@dueline/test-servers/notTested"
import { programFile } from "@dueline/test-servers/programFile"
import { assert, describe, it } from "@effect/vitest"
import { once } from "node:events"
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { createServer, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { dirname, join } from "node:path"
import { gzipSync } from "node:zlib"
import type { Browser, BrowserContext, Page } from "playwright-core"
import { afterAll, afterEach, beforeAll } from "vitest"
import { startBrowser } from "./Browser.ts"
import { clientOfDueline, providerOf } from "./OpenIdServer.ts"
import {
  isRead,
  keyboardFindings,
  pictureName,
  routeOf,
  routes,
  states,
  takeAnswers,
  widthFindings
} from "./consoleScreens.ts"
import { startFloodedEdge } from "./flood/FloodedEdge.ts"
import { homeWithDatabase, removeHome, runCommand, type RunningProgram, startProgram } from "./RunningProgram.ts"
import { startTarget, type Target } from "./Target.ts"

const folder = join(dirname(programFile), "console")
const why =
  process.env["PROGRAM_FILE"] === undefined
    ? notTested("the console", "it is built with the program: npm test console")
    : ""

const pictures = join(import.meta.dirname, "..", "..", "..", "docs", "console")
const wantsPictures = process.env["UPDATE_PICTURES"] === "1"

let home: string
let target: Target
let program: RunningProgram
let browser: Browser
let context: BrowserContext
let page: Page
let token: string
/** Where people of an organisation sign in. */
let provider: Server
let atProvider: RequestListener
let environment: Readonly<Record<string, string>>
/** While true the target refuses what it is sent, as after a release that went wrong: for good, hence without another attempt. */
let refuses = true
/** What no screen may cause: requests to elsewhere, breaches of the policy, errors of the page. */
const breaches: Array<string> = []

interface Body {
  readonly id: string
  readonly status: string
  readonly items: ReadonlyArray<{
    readonly id: string
    readonly correlationId: string
    readonly call: { readonly id: string }
  }>
}

const api = async (method: string, path: string, body?: unknown): Promise<Body> => {
  const response = await fetch(`${program.address}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  const text = await response.text()
  assert.isTrue(response.ok, `${method} ${path}: ${text}`)
  return JSON.parse(text)
}

const watch = (watched: Page): void => {
  watched.on("console", (message) => {
    // A refusal is an answer: the browser writes it down, and the page shows it.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      breaches.push(message.text())
  })
  watched.on("pageerror", (error) => breaches.push(String(error.stack)))
  watched.on("request", (request) => {
    if (!request.url().startsWith(program.address) && !request.url().startsWith(`${target.url}/tiles/`))
      breaches.push(`asked ${request.url()}`)
  })
}

const look = { viewport: { width: 1_280, height: 720 }, reducedMotion: "reduce" } as const

/** Signed in by a token, in a zone whose clocks are changed. */
const signIn = async (by = token): Promise<BrowserContext> => {
  const made = await browser.newContext({ ...look, timezoneId: "Europe/Prague" })
  await made.addInitScript(`sessionStorage.setItem("dueline.token", ${JSON.stringify(by)})`)
  return made
}

/** Each by its address. */
const screens = [
  "",
  "/calls",
  "/dead-letters",
  "/jobs",
  "/schedules",
  "/orders?week=2026-03-23",
  "/orders?week=2026-03-23&view=agenda",
  "/bins",
  "/customers",
  "/ingestion",
  "/shipments",
  "/keys",
  "/sources",
  "/flows",
  "/schedules/new",
  "/roles",
  "/pauses",
  "/subscriptions",
  "/sessions",
  "/tenants",
  "/audit",
  "/system"
]

/** Those that are no list. */
const withoutItems = new Set(["", "/schedules/new", "/roles", "/system"])

/** Screens of one thing, of what there is. */
const detailScreens = async (): Promise<ReadonlyArray<string>> => {
  const first = async (list: string): Promise<string> => (await api("GET", `${list}limit=1`)).items[0]?.id ?? ""
  const [call, schedule] = [await first("/v1/service-calls?status=Failed&"), await first("/v1/schedules?")]
  return [
    `/calls/${call}`,
    `/calls/${call}?asOf=1`,
    `/dead-letters/${await first("/v1/dead-letters?")}`,
    `/jobs/${await first("/v1/jobs?")}`,
    `/schedules/${schedule}`,
    `/schedules/${schedule}/edit`,
    `/orders/${await first("/ops/orders?")}`,
    `/bins/${await first("/ops/bins?")}`,
    `/customers/${await first("/ops/customers?")}`,
    `/subscriptions/${await first("/v1/subscriptions?")}`,
    `/ingestion/${await first("/ops/ingestions?")}`,
    `/timeline/${(await api("GET", "/ops/orders?limit=1")).items[0]?.correlationId}`
  ]
}

/** One of each kind, so that no screen is judged empty. */
const fill = async (): Promise<void> => {
  const { id: customerId } = await api("POST", "/ops/customers", { profile: { name: "North Yard" } })
  const bins: Array<string> = []
  for (const [n, location] of [
    { lat: 50.0755, lon: 14.4378 },
    { lat: 49.1951, lon: 16.6068 },
    { lat: 50.2092, lon: 15.8328 }
  ].entries()) {
    const bin = { serialNumber: `SK-${n}`, category: "skip", sizeLitres: 7_000, location, customerId }
    bins.push((await api("POST", "/ops/bins", bin)).id)
  }
  for (const [n, binId] of bins.entries()) {
    const window = { from: `2026-03-2${n + 4}T0${n + 7}:00:00Z`, to: `2026-03-2${n + 4}T1${n}:30:00Z` }
    await api("POST", "/ops/orders", { customerId, binId, kind: "swap", window, schedule: n > 0 })
  }
  const request = { method: "POST", url: `${target.url}/report` }
  await api("POST", "/v1/schedules", { name: "report", cron: "30 2 * * *", zone: "Europe/Prague", request })
  await api("POST", "/v1/flows", { key: "stripe", concurrency: 5 })
  await api("POST", "/v1/subscriptions", { url: `${target.url}/messages`, topics: ["ops.bin.*"] })
  await api("POST", "/v1/api-keys", { name: "web-shop", scopes: ["ops:events.write"] })
  await api("POST", "/ops/courier-sources", { name: "north-express", scheme: "standard-webhooks" })
  const window = { from: "2026-03-27T08:00:00Z", to: "2026-03-27T10:00:00Z" }
  await api("POST", "/ops/ingest/dropbin", {
    payload: { customerId, binId: bins[0], kind: "pickup", window, items: [] }
  })
  await askHome(
    home,
    `insert into dueline.dead_letters (tenant_id, event_id, stream_id, topic, payload, failures, last_error, history, died_at)
      values ('${derivedTenantId("demo")}', gen_random_uuid(), gen_random_uuid(), 'ops.bin.retired', '{"binId":"${bins[2]}"}', 10,
        'no consumer took it', '[{"error":"no consumer took it"}]', 1774000000000)`
  )
}

/** Nothing is worked out about what is in order, nor where in the page a finding is: its markup says that, in a third of the time. */
const findingsOnly = { resultTypes: ["violations" as const], selectors: false }
type Findings = Pick<Awaited<ReturnType<AxeBuilder["analyze"]>>, "violations">
const contrastOnly = { ...findingsOnly, runOnly: ["color-contrast"] }

const open = async (path: string): Promise<void> => {
  await page.goto(`${program.address}/console${path}`)
  await page.locator("h1").waitFor()
}

const rows = () => page.locator("tbody tr")

const until = async (holds: () => Promise<boolean>, everyMs = 100): Promise<void> => {
  const limit = Date.now() + 20_000
  while (!(await holds())) {
    assert.isBelow(Date.now(), limit, "waited in vain")
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

/** Waits until the page shows as many rows. */
const shows = (count: number, on: Page = page): Promise<void> =>
  until(async () => (await on.locator("tbody tr").count()) === count)

const submit = (count: number, tag: string, more: object = {}) =>
  api("POST", "/v1/service-calls/batch", {
    items: Array.from({ length: count }, (_, n) => ({
      request: { method: "POST", url: `${target.url}/invoices/${n}`, body: { n } },
      retry: { maxAttempts: 1 },
      tags: [tag],
      ...more
    }))
  })

/** The ids of those submitted. */
const idsOf = (batch: Body): ReadonlyArray<string> => batch.items.map(({ call }) => call.id)

const pictureOf = (name: string): string => join(pictures, `${name}.webp`)

/** Smaller than it was, in the form that takes least room. */
const picture = async (name: string, of = page): Promise<void> => {
  if (!wantsPictures) return
  mkdirSync(pictures, { recursive: true })
  const session = await of.context().newCDPSession(of)
  const { data } = await session.send("Page.captureScreenshot", {
    format: "webp",
    quality: 40,
    clip: { x: 0, y: 0, ...look.viewport, scale: 0.75 }
  })
  writeFileSync(pictureOf(name), Buffer.from(data, "base64"))
  await session.detach()
}

describe.skipIf(why !== "")("the console", () => {
  beforeAll(async () => {
    home = await homeWithDatabase()
    target = await startTarget((_, response) => {
      response
        .writeHead(refuses ? 422 : 200, { "content-type": "text/plain" })
        .end(refuses ? "unknown field: amount_cents" : "thank you")
    })
    const port = await freePort()
    const publicUrl = `http://127.0.0.1:${port}`
    provider = createServer((request, response) => atProvider(request, response)).listen(0, "127.0.0.1")
    await once(provider, "listening")
    const issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
    const demo = derivedTenantId("demo")
    atProvider = providerOf(issuer, new URL(`${publicUrl}/console/callback`), true, {
      tenant_id: demo,
      roles: ["viewer"]
    })
    const signIn = { issuer, ...clientOfDueline, claims: { tenant: "tenant_id", roles: "roles" }, tenants: [demo] }
    environment = {
      DUELINE_FSYNC: "off",
      PORT: String(port),
      DUELINE_PUBLIC_URL: publicUrl,
      DUELINE_ROLES: "careful=admin -ops:calls.write[tag=locked] -ops:audit.read",
      DUELINE_CONSOLE_TILES: `${target.url}/tiles/{z}/{x}/{y}.png © The test`,
      DUELINE_SIGN_IN: JSON.stringify(signIn)
    }
    const [started, made] = await Promise.all([startProgram(home, environment), startBrowser()])
    program = started
    browser = made
    token = (await runCommand(home, ["token", "--tenant", "demo", "--ttl", "1h"])).stdout.trim()
    context = await browser.newContext(look)
    page = await context.newPage()
    watch(page)
    await fill()
  })

  afterEach(() => assert.deepStrictEqual(breaches.splice(0), []))

  afterAll(async () => {
    await browser.close()
    await program.stop("SIGKILL")
    await target.close()
    provider.close()
    provider.closeAllConnections()
    await removeHome(home)
  })

  it("loads with less than 250 KB on the wire, and its assets for good", { tags: ["ADR-0045.1"] }, async () => {
    const html = readFileSync(join(folder, "index.html"), "utf8")
    const names = [...html.matchAll(/(?:src|href)="\/console\/([^"]+)"/gu)].map(([, name = ""]) => name)
    assert.isAbove(names.length, 1)
    const bytes = names.reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name)), { level: 9 }).length, 0)
    assert.isBelow(bytes, 250_000)
    for (const name of names) {
      const response = await fetch(`${program.address}/console/${name}`, { headers: { "accept-encoding": "br" } })
      assert.strictEqual(response.headers.get("cache-control"), "public, max-age=31536000, immutable")
      assert.strictEqual(response.headers.get("content-encoding"), "br")
    }
    assert.strictEqual((await fetch(`${program.address}/console/assets/older.js`)).status, 404)
  })

  it("is one page under every address, asked for anew each time and answered with 304 when known", async () => {
    const first = await fetch(`${program.address}/console/calls/anything`)
    assert.strictEqual(first.headers.get("cache-control"), "no-cache")
    assert.include(first.headers.get("content-security-policy"), "require-trusted-types-for 'script'")
    const again = await fetch(`${program.address}/console`, {
      headers: { "if-none-match": first.headers.get("etag") ?? "" }
    })
    assert.strictEqual(again.status, 304)
    const browsers = await fetch(program.address, { headers: { accept: "text/html" }, redirect: "manual" })
    assert.strictEqual(browsers.headers.get("location"), "/console")
    assert.strictEqual((await fetch(program.address)).status, 404)
  })

  it("signs in by the link that the program prints, once", async () => {
    const [link = ""] = /http:\/\/\S+#code=\S+/u.exec(program.output()) ?? []
    await page.goto(link)
    await page.getByRole("heading", { name: "Overview" }).waitFor()
    assert.notInclude(page.url(), "code")
    const [cookie] = await context.cookies()
    assert.isTrue(cookie?.httpOnly)
    const stranger = await browser.newContext()
    const other = await stranger.newPage()
    await other.goto(link)
    await other.getByText("This link was used already").waitFor()
    await stranger.close()
  })

  it("asks who is not signed in to sign in, and shows the page that was asked for then", async () => {
    const stranger = await browser.newContext()
    const other = await stranger.newPage()
    await other.goto(`${program.address}/console/calls?status=Failed`)
    await other.getByLabel(/access token/u).fill(token)
    await other.getByRole("button", { name: "Sign in" }).click()
    await other.getByRole("heading", { name: "Calls", exact: true }).waitFor()
    assert.isTrue(other.url().endsWith("/console/calls?status=Failed"))
    await stranger.close()
  })

  it("signs in at an OpenID Connect provider, with what its roles allow", { tags: ["ADR-0041.5"] }, async () => {
    const stranger = await browser.newContext(look)
    const other = await stranger.newPage()
    await other.goto(`${program.address}/console/pauses`)
    await other.getByRole("link", { name: "Go to its sign-in" }).click()
    await other.getByRole("heading", { name: "Overview" }).waitFor()
    await other.getByText("|ann").waitFor()
    await other.getByRole("link", { name: "Pauses" }).click()
    assert.isTrue(await other.getByRole("button", { name: "Pause calls…" }).isDisabled())
    assert.strictEqual(await other.getByRole("link", { name: "Audit" }).count(), 0)
    await stranger.close()
  })

  it("keeps the filter of a list in its address: back, forth, reload and cold", { tags: ["ADR-0045.2"] }, async () => {
    await open("/calls")
    await page.getByText("No call was submitted yet").waitFor()
    await submit(30, "filtering")
    await submit(3, "later", { delay: "2h" })
    await until(async () => (await api("GET", "/v1/service-calls?status=Failed")).items.length === 30)
    await open("/calls")
    await shows(33)
    await page.getByLabel("State").selectOption("Scheduled")
    await shows(3)
    await page.getByLabel("Tag").fill("filtering")
    await page.getByText("Nothing fits these filters").waitFor()
    await page.goBack()
    await shows(3)
    await page.reload()
    await shows(3)
    await page.goBack()
    await shows(33)
    const cold = await context.newPage()
    watch(cold)
    await cold.goto(`${program.address}/console/calls?status=Failed&tag=filtering`)
    await shows(30, cold)
    await cold.close()
  })

  it("says of a link that was cut short that it leads nowhere, and of a screen that cannot be loaded what to do", async () => {
    await open("/calls/019c0de0-0e01")
    await page.getByText("perhaps the link was cut short").waitFor()
    // Not watched: that a part is missing is an error to the browser too.
    const other = await context.newPage()
    await other.route("**/assets/BinScreens*", (route) => route.abort())
    await other.goto(`${program.address}/console/bins`)
    await other.getByRole("button", { name: "Load the page again" }).waitFor()
    await other.getByRole("link", { name: "Calls", exact: true }).click()
    await other.getByRole("heading", { name: "Calls", exact: true }).waitFor()
    await other.close()
  })

  it("leaves a telephone's window to what is shown: where one can go is behind a button", async () => {
    const phone = await browser.newContext({ viewport: { width: 390, height: 844 } })
    await phone.addInitScript(`sessionStorage.setItem("dueline.token", ${JSON.stringify(token)})`)
    const other = await phone.newPage()
    watch(other)
    await other.goto(`${program.address}/console`)
    const heading = other.getByRole("heading", { name: "Overview" })
    await heading.waitFor()
    assert.isBelow((await heading.boundingBox())?.y ?? Infinity, 100)
    await other.getByRole("button", { name: "Menu" }).click()
    await other.getByRole("link", { name: "Calls", exact: true }).first().click()
    await other.getByRole("heading", { name: "Calls", exact: true }).waitFor()
    assert.isFalse(await other.getByRole("button", { name: "Sign out" }).isVisible())
    await phone.close()
  })

  it("goes through a list by keyboard, and into a call", async () => {
    await open("/calls?status=Failed")
    await rows().first().waitFor()
    for (const key of ["j", "j", "k", "Enter"]) await page.keyboard.press(key)
    await page.getByText("Failed after 1 attempt").waitFor()
    await page.keyboard.press("?")
    await page.getByRole("dialog").waitFor()
    await page.keyboard.press("Escape")
    await page.getByRole("dialog").waitFor({ state: "detached" })
  })

  it("says why a call failed, and runs it again", { tags: ["ADR-0045.3"] }, async () => {
    const [id = ""] = idsOf(await submit(1, "again"))
    await until(async () => (await api("GET", `/v1/service-calls/${id}`)).status === "Failed")
    await open(`/calls/${id}`)
    await page.getByText("the target answered with an error (HTTP 422)").waitFor()
    await page.getByText("unknown field: amount_cents", { exact: true }).first().waitFor()
    assert.isTrue(await page.getByRole("button", { name: "Move…" }).isDisabled())
    refuses = false
    await page.getByRole("button", { name: "Run again" }).click()
    await page.getByText("Done with attempt 1 (HTTP 200)").waitFor()
    refuses = true
  })

  it("refuses to change a call that is another by now than the one that was seen", {
    tags: ["ADR-0045.3"]
  }, async () => {
    const [id = ""] = idsOf(await submit(1, "moved", { delay: "1h" }))
    await open(`/calls/${id}`)
    await page.getByRole("button", { name: "Move…" }).click()
    await api("POST", `/v1/service-calls/${id}/cancel`)
    await page.getByRole("button", { name: "Move", exact: true }).click()
    await page.getByRole("alert").first().waitFor()
    await page.getByRole("button", { name: "Leave it" }).click()
    await page.getByText("no further request leaves").waitFor()
  })

  it("shows a call as it was, by its version in the address: cold, reload and back", {
    tags: ["ADR-0045.2"]
  }, async () => {
    const [id = ""] = idsOf(await submit(1, "past"))
    await until(async () => (await api("GET", `/v1/service-calls/${id}`)).status === "Failed")
    await open(`/calls/${id}?asOf=1`)
    await page.getByText("with version 1, from").waitFor()
    await page.reload()
    await page.getByText("with version 1, from").waitFor()
    await page.getByRole("slider").fill("2")
    await page.getByText("with version 2, from").waitFor()
    await picture("past")
    await page.getByRole("button", { name: "As it is now" }).click()
    await page.getByText("Failed after 1 attempt").waitFor()
    await page.goBack()
    await page.getByText("with version 2, from").waitFor()
  })

  it("shows an order, a bin and a customer as they were, and of a profile only what it says now", {
    tags: ["ADR-0045.2"]
  }, async () => {
    const { id: customer } = await api("POST", "/ops/customers", { profile: { name: "South Yard" } })
    const made = { serialNumber: "SK-99", category: "skip", sizeLitres: 1_100, customerId: customer }
    const { id: bin } = await api("POST", "/ops/bins", made)
    const { id: order } = await api("POST", "/ops/orders", { customerId: customer, binId: bin, kind: "pickup" })
    await api("POST", `/ops/orders/${order}/cancel`)
    await api("DELETE", `/ops/bins/${bin}`)
    for (const [path, was, now] of [
      [`/orders/${order}`, "Draft", "Cancelled"],
      [`/bins/${bin}`, "Active", "Retired"]
    ] as const) {
      await open(`${path}?asOf=1`)
      await page.getByText("with version 1, from").getByText(was).waitFor()
      await page.getByText(`now ${now.toLowerCase()}`).waitFor()
      assert.strictEqual(await page.getByRole("button", { name: /Cancel the order|Retire/u }).count(), 0)
      await page.getByRole("button", { name: "As it is now" }).click()
      await page.getByText(now, { exact: true }).first().waitFor()
    }
    await open("/customers")
    await page.getByRole("link", { name: "South Yard" }).click()
    await page.getByRole("heading", { name: "South Yard" }).waitFor()
    await open(`/customers/${customer}?asOf=1`)
    await page.getByText("Of a profile there is only what it says now").waitFor()
    assert.strictEqual(await page.getByRole("button", { name: /Erase/u }).count(), 0)
  })

  it("defines a flow, shows how many of it are under way, and lets it wait", async () => {
    await open("/flows?key=stripe")
    await page.getByText("running 0 of 5, waiting 0").waitFor()
    await page.getByRole("button", { name: "Bounds…" }).click()
    await page.getByLabel("At once, at the most").fill("3")
    await page.getByRole("button", { name: "Change", exact: true }).click()
    await page.getByText("running 0 of 3, waiting 0").waitFor()
    await page.getByRole("button", { name: "Pause…" }).click()
    await page.getByLabel("Reason, shown with").fill("the bank is down")
    await page.getByRole("button", { name: "Pause", exact: true }).click()
    await page.getByRole("link", { name: "Paused" }).waitFor()
    await page.reload()
    await page.getByRole("link", { name: "Paused" }).click()
    await page.getByText("the bank is down").waitFor()
    await page.goBack()
    await page.getByText("running 0 of 3, waiting 0").waitFor()
  })

  it("makes a schedule, with its times shown before, and changes it", async () => {
    await open("/schedules/new")
    await page.getByLabel("Name", { exact: true }).fill("nightly")
    await page.getByLabel("Minute, hour").fill("nonsense")
    await page.getByRole("alert").getByText("cron").first().waitFor()
    await page.getByLabel("Minute, hour").fill("30 2 * * *")
    await page.getByLabel("Time zone").fill("Europe/Prague")
    await page.getByText("In Europe/Prague").waitFor()
    await page.getByLabel("URL").fill(`${target.url}/nightly`)
    await page.getByRole("button", { name: "Make it" }).click()
    await page.getByText("Every day at 02:30 by a clock in Europe/Prague (30 2 * * *)").waitFor()
    await page.getByRole("link", { name: "Edit" }).click()
    await page.reload()
    await page.getByLabel("Minute, hour").fill("0 4 * * *")
    await page.getByRole("button", { name: "Change it" }).click()
    await page.getByText("Every day at 04:00 by a clock in Europe/Prague (0 4 * * *)").waitFor()
    await page.getByRole("button", { name: "Call after all…" }).click()
    await page.getByRole("button", { name: "Count them" }).click()
    await page.getByRole("button", { name: "Call after all 1 call" }).waitFor()
    await page.keyboard.press("Escape")
    await page.goBack()
    await page.getByLabel("Minute, hour").waitFor()
  })

  it("makes and changes a bin, and shows a secret once", async () => {
    await open("/bins")
    await page.getByRole("button", { name: "Make a bin…" }).click()
    await page.getByRole("dialog").getByLabel("Serial number").fill("SK-77")
    await page.getByRole("button", { name: "Make it" }).click()
    await page.getByRole("link", { name: "SK-77" }).click()
    await page.getByRole("button", { name: "Change…" }).click()
    await page.getByLabel("Size in litres").fill("9000")
    await page.getByRole("button", { name: "Change it" }).click()
    await page.getByText("9000 l", { exact: true }).first().waitFor()
    await open("/sources")
    await page.getByRole("button", { name: "Another secret…" }).click()
    await page.getByRole("button", { name: "Give it another" }).click()
    assert.match(await page.getByLabel("The secret").inputValue(), /^whsec_/u)
    await page.getByRole("button", { name: "It is kept" }).click()
    await page.getByRole("cell", { name: "2", exact: true }).waitFor()
  })

  it("says why what came in was given up, and replays its dead letter once the cause is mended", {
    tags: ["ADR-0033.6"]
  }, async () => {
    const { id: customerId } = await api("POST", "/ops/customers", { profile: { name: "Late Yard" } })
    const bin = { serialNumber: "SK-LATE", category: "skip", sizeLitres: 7_000 }
    const { id: binId } = await api("POST", "/ops/bins", bin)
    const window = { from: "2031-05-05T08:00:00Z", to: "2031-05-05T10:00:00Z" }
    const order = { customerId, binId, kind: "pickup", window }
    const { id: holder } = await api("POST", "/ops/orders", { ...order, schedule: true })
    await api("POST", "/ops/ingest/dropbin", { payload: order })
    const waiting = "/dead-letters?state=Waiting&group=ingestion"
    await until(async () => (await api("GET", `/v1${waiting}`)).items.length === 1)
    await open(waiting)
    await rows().first().locator("a").first().click()
    await page.getByText("Given up by ingestion after 1 failed attempt: schedule_conflict").waitFor()
    const letter = page.url()
    await api("POST", `/ops/orders/${holder}/cancel`)
    await page.getByRole("button", { name: "Replay" }).click()
    await page.getByText("1 of 1").waitFor()
    await page.goto(letter)
    await page.locator("h1 + *, header").getByText("Replayed").first().waitFor()
    assert.isTrue(await page.getByRole("button", { name: "Replay" }).isDisabled())
    await open(waiting)
    await page.getByText("Nothing fits these filters").waitFor()
    assert.lengthOf((await api("GET", `/ops/orders?binId=${binId}&status=Scheduled`)).items, 1)
  })

  it("puts bins on tiles of the server that is named, which is the only other one that a picture may come from", {
    tags: ["ADR-0045.1"]
  }, async () => {
    await open("/bins")
    await page.getByText("Map: © The test").waitFor()
    await until(async () => target.seen.some(({ path }) => /^\/tiles\/\d+\/\d+\/\d+\.png$/u.test(path)))
    const blocked = `new Promise((done) => {
      addEventListener("securitypolicyviolation", ({ blockedURI }) => done(blockedURI))
      new Image().src = "http://localhost:9/elsewhere.png"
    })`
    const unwatched = await context.newPage()
    await unwatched.goto(`${program.address}/console/bins`)
    assert.strictEqual(await unwatched.evaluate(blocked), "http://localhost:9/elsewhere.png")
    await unwatched.close()
  })

  it("has the colours that were chosen, and tells what each role may do", async () => {
    await open("/roles")
    await page
      .getByRole("row", { name: /ops:audit.read/u })
      .getByText("yes")
      .first()
      .waitFor()
    const paper = () => page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    await page.getByLabel("Colours").selectOption("dark")
    const dark = await paper()
    await page.reload()
    await page.locator("h1").waitFor()
    assert.strictEqual(await paper(), dark)
    await page.getByLabel("Colours").selectOption("light")
    assert.notStrictEqual(await paper(), dark)
    await page.getByLabel("Colours").selectOption("system")
  })

  it("offers for an API key what its maker may, and says of the rest why not", async () => {
    const { stdout } = await runCommand(home, ["token", "--tenant", "demo", "--role", "careful"], environment)
    const careful = await browser.newContext(look)
    await careful.addInitScript(`sessionStorage.setItem("dueline.token", ${JSON.stringify(stdout.trim())})`)
    const other = await careful.newPage()
    watch(other)
    await other.goto(`${program.address}/console/keys`)
    await other.getByRole("button", { name: "Make a key…" }).click()
    const form = other.getByRole("dialog")
    await form.getByLabel("ops:calls.read").waitFor()
    assert.strictEqual(await form.getByLabel("ops:calls.write").count(), 0)
    await form.getByText("What you cannot give a key, and why (2)").click()
    await form.getByText("it is yours for all but [tag=locked]").waitFor()
    await form.getByText("it is not yours; the role admin has it").waitFor()
    assert.deepStrictEqual(
      (await new AxeBuilder({ page: other }).setLegacyMode().options(findingsOnly).analyze()).violations,
      []
    )
    await other.goto(`${program.address}/console/roles`)
    await other.getByText("for all but [tag=locked]").waitFor()
    await careful.close()
  })

  it("checks in the browser that the audit log is what was signed, goes on from what it kept, and names what is not", {
    tags: ["ADR-0045.8"]
  }, async () => {
    const dueline = async (...args: ReadonlyArray<string>) => (await runCommand(home, args, environment)).stdout.trim()
    await dueline("audit", "checkpoint")
    await open("/audit")
    await page.getByText("Check that nothing was changed").click()
    await page.getByLabel(/Public key/u).fill(await dueline("audit", "key"))
    const check = page.getByRole("button", { name: "Check", exact: true })
    await check.click()
    await page.getByText("Looked at from the first leaf on").waitFor()
    await page.getByText("Nothing was changed.").waitFor()
    await submit(1, "sealed", { delay: "1h" })
    await dueline("audit", "checkpoint")
    await page.reload()
    await page.getByText("Check that nothing was changed").click()
    await check.click()
    await page.getByText(/They continue the \d+ leaves that this browser has kept/u).waitFor()
    const { violations } = await new AxeBuilder({ page }).setLegacyMode().options(findingsOnly).analyze()
    assert.deepStrictEqual(violations, [])
    // As if somebody had changed an event in the database: what is hashed of it is another.
    await page.getByRole("button", { name: "Forget them" }).click()
    await page.route("**/v1/audit/proof*", async (route) => {
      const response = await route.fetch()
      const proof = (await response.json()) as AuditProof
      const at = proof.parts.findIndex(({ leaf }) => leaf !== null)
      const parts = proof.parts.map((part, n) => (n === at ? { ...part, leaf: `${part.leaf} ` } : part))
      await route.fulfill({ response, json: { ...proof, parts } })
    })
    await check.click()
    await page.getByText(/^Leaf \d+ is not what was sealed/u).waitFor()
    await page.unroute("**/v1/audit/proof*")
    const key = page.getByLabel(/Public key/u)
    const earlier = await key.inputValue()
    await dueline("audit", "key", "rotate")
    await submit(1, "sealed", { delay: "1h" })
    await dueline("audit", "checkpoint")
    const nowhere = ["--checkpoints", join(home, "no-such-folder")]
    const verified = await runCommand(home, ["audit", "verify", "--key", earlier, ...nowhere], environment)
    assert.strictEqual(verified.code, 0, verified.stdout)
    // Whoever had the database alone could leave out that another key follows, not make one follow.
    await page.route("**/v1/audit/proof*", async (route) => {
      const response = await route.fetch()
      const proof = (await response.json()) as AuditProof
      const successions = (proof.successions ?? []).map((note) => note.replace(/\n\d+\n/u, "\n1\n"))
      await route.fulfill({ response, json: { ...proof, successions } })
    })
    await check.click()
    await page.getByText(/is not signed by .*, nor by one that followed it/u).waitFor()
    await page.unroute("**/v1/audit/proof*")
    await check.click()
    await page.getByText(/The key that was given is followed by dueline-audit-\w+/u).waitFor()
    assert.strictEqual(await key.inputValue(), await dueline("audit", "key"))
    assert.notStrictEqual(await key.inputValue(), earlier)
    await key.fill("")
    await check.click()
    await page.getByText("Who signed it was not checked").waitFor()
  })

  it("does nothing for pages of other sites, and of another port of this host, whose browser has the session", {
    tags: ["ADR-0041.3"]
  }, async () => {
    const [id = ""] = idsOf(await submit(1, "forged", { delay: "1h" }))
    const path = `/v1/service-calls/${id}/cancel`
    const elsewhere = await startTarget((_, response) => {
      response
        .writeHead(200, { "content-type": "text/html" })
        .end(`<form method="post" action="${program.address}${path}"><button>Win a prize</button></form>`)
    })
    for (const origin of [elsewhere.url, elsewhere.url.replace("127.0.0.1", "localhost")]) {
      const forged = await context.newPage()
      await forged.goto(origin)
      // From the network below the page: what the browser keeps from the page is not always told as a response of it.
      const network = await context.newCDPSession(forged)
      await network.send("Network.enable")
      const refusal = () =>
        new Promise<number>((resolve) => {
          network.on("Network.responseReceivedExtraInfo", ({ statusCode }) => {
            if (statusCode >= 400) resolve(statusCode)
          })
        })
      const asked = `void fetch("${program.address}${path}", { method: "POST", credentials: "include", mode: "no-cors" })`
      const [byScript] = await Promise.all([refusal(), forged.evaluate(asked)])
      // To another port of this host the cookie goes along, and the page is refused; to another site it does not.
      const refused = origin === elsewhere.url ? 403 : 401
      assert.strictEqual(byScript, refused)
      const [byForm] = await Promise.all([refusal(), forged.getByRole("button", { name: "Win a prize" }).click()])
      assert.strictEqual(byForm, refused)
      // A page that is closed while it goes elsewhere now and then never says that it is closed.
      await forged.waitForURL(`${program.address}${path}`)
      await forged.close()
    }
    await elsewhere.close()
    assert.strictEqual((await api("GET", `/v1/service-calls/${id}`)).status, "Scheduled")
    // The same from a page of the edge goes through: it was the page that was refused.
    await open(`/calls/${id}`)
    await page.getByRole("button", { name: "Cancel the call…" }).click()
    await page.getByRole("dialog").getByRole("button", { name: "Cancel the call" }).click()
    await page.getByText("no further request leaves").waitFor()
  })

  it("has the tenant in the address of whoever has several: cold, reload and back", {
    tags: ["ADR-0045.2"]
  }, async () => {
    await runCommand(home, ["tenant", "create", "north"], environment)
    const tenants = ["demo", "north"].flatMap((name) => ["--tenant", name])
    const { stdout } = await runCommand(home, ["console", "--operator", ...tenants], environment)
    const [link = ""] = /http:\/\/\S+#code=[\w.~-]+/u.exec(stdout) ?? []
    const [demo, north] = [derivedTenantId("demo"), derivedTenantId("north")]
    const both = await browser.newContext(look)
    const other = await both.newPage()
    watch(other)
    await other.goto(link)
    await other.getByRole("heading", { name: "Overview" }).waitFor()
    assert.include(other.url(), `/console/~${demo}`)
    await other.getByRole("link", { name: "Calls", exact: true }).first().click()
    await other.locator("tbody tr").first().waitFor()
    const named = other.getByRole("option", { name: `north · ${north.slice(-8)}` })
    await named.waitFor({ state: "attached" })
    await other.getByLabel("Tenant").selectOption(north)
    await other.getByText("No call was submitted yet").waitFor()
    assert.isTrue(other.url().endsWith(`/console/~${north}/calls`))
    await other.reload()
    await other.getByText("No call was submitted yet").waitFor()
    await other.goBack()
    await other.locator("tbody tr").first().waitFor()
    assert.isTrue(other.url().endsWith(`/console/~${demo}/calls`))
    await other.goto(`${program.address}/console/~00000000-0000-4000-8000-00000000dead/calls`)
    await other.getByText("a tenant that you do not belong to").waitFor()
    await both.close()
  })

  it("does not call a list empty while there is more to look through: it reads five pages, and offers the next", async () => {
    let read = 0
    await page.route("**/v1/service-calls?*", (route) => {
      read += 1
      return route.fulfill({ json: { items: [], nextCursor: `page-${read}` } })
    })
    await open("/calls?tag=seldom")
    await page.getByText("None of those looked at so far fits. There are older ones.").waitFor()
    assert.strictEqual(read, 5)
    await page.getByRole("button", { name: "Look further back" }).click()
    await until(async () => read === 10)
    await page.unroute("**/v1/service-calls?*")
  })

  it("tells when the program does not answer, and goes on with what it has", async () => {
    await open("/calls")
    await rows().first().waitFor()
    await context.setOffline(true)
    await page.getByRole("button", { name: "Read again" }).click()
    await page.getByText("What is shown is from before").waitFor()
    assert.isAbove(await rows().count(), 0)
    await context.setOffline(false)
    await page.getByRole("button", { name: "Read again" }).click()
    await page.getByText("What is shown is from before").waitFor({ state: "detached" })
  })

  it("shows calls as they come, in eight tabs too", { tags: ["ADR-0045.5"] }, async () => {
    const tabs = [page, ...(await Promise.all(Array.from({ length: 7 }, () => context.newPage())))]
    for (const tab of tabs) {
      await tab.goto(`${program.address}/console/calls?tag=live`)
      await tab.locator("h1").waitFor()
    }
    await page.getByText("Live", { exact: true }).waitFor()
    // The stream is one for all of them, whoever reads it.
    await submit(1, "live", { delay: "1h" })
    for (const tab of tabs) await shows(1, tab)
    for (const tab of tabs.slice(1)) await tab.close()
    await submit(2, "live", { delay: "1h" })
    await shows(3)
  })

  it("keeps a thousand rows of whatever comes, draws those near what is seen, and shows the newest", {
    tags: ["ADR-0045.7"]
  }, async () => {
    const edge = await startFloodedEdge(folder)
    const policy = (await fetch(`${edge.address}/console`)).headers.get("content-security-policy")
    assert.include(policy, "img-src 'self' data:;", "no tiles are named here")
    const flooded = await browser.newPage({ viewport: { width: 1_360, height: 800 } })
    await flooded.goto(`${edge.address}/console/calls`)
    await flooded.getByText("Live", { exact: true }).waitFor()
    for (let n = 0; n < 6; n++) {
      edge.update(190, 10)
      await flooded.getByRole("link", { name: `POST ${edge.newest()}`, exact: true }).waitFor()
    }
    await flooded.getByText("1000 shown: no more than 1000 are kept here").waitFor()
    const drawn = () => flooded.locator("tr[aria-rowindex]").count()
    assert.isBelow(await drawn(), 200)
    // What is further down is drawn when somebody goes there, and stays where it is while more comes.
    await flooded.evaluate("scrollTo(0, document.body.scrollHeight)")
    await flooded.locator('tr[aria-rowindex="1001"]').waitFor()
    assert.isBelow(await drawn(), 200)
    edge.update(500)
    await flooded.getByRole("button", { name: "More has happened" }).waitFor()
    assert.strictEqual(await flooded.locator('tr[aria-rowindex="1001"]').count(), 1)
    await flooded.close()
    await edge.close()
  })

  it("leads from what failed to its cause, and repairs four hundred calls", { tags: ["ADR-0045.6"] }, async () => {
    for (let n = 0; n < 4; n += 1) await submit(100, "story")
    await until(async () => {
      const { items } = await api("GET", "/v1/service-calls?tag=story&status=Scheduled&limit=1")
      return items.length === 0
    })
    await open("")
    const failures = page.getByRole("table", { name: "Failures of the last hour" })
    await failures
      .getByRole("link", { name: new URL(target.url).host })
      .first()
      .waitFor()
    await page.waitForFunction(
      `document.title.startsWith("▲ ") && document.querySelector("link[rel=icon]").href.includes("alarm")`
    )
    await failures
      .getByRole("link", { name: new URL(target.url).host })
      .first()
      .click()
    await page.getByLabel("URL contains").and(page.locator(":not([value=''])")).waitFor()
    await open("/calls?status=Failed")
    const failed = page.getByRole("region", { name: "Failed in the last hour" })
    await failed.getByText("the target answered with an error").waitFor()
    await failed
      .getByRole("button", { name: new URL(target.url).host })
      .first()
      .click()
    await page.getByLabel("URL contains").and(page.locator(":not([value=''])")).waitFor()
    await open("/calls?tag=story&status=Failed")
    await rows().first().locator("a").first().click()
    await page.getByText("the target answered with an error (HTTP 422)").waitFor()
    await page.getByText("unknown field: amount_cents", { exact: true }).first().waitFor()
    await page.goBack()
    refuses = false
    await page.getByRole("button", { name: "Bulk action…" }).click()
    await page.getByRole("button", { name: "Count them" }).click()
    const confirm = page.getByRole("button", { name: "Run again 400 calls" })
    assert.isTrue(await confirm.isDisabled())
    await page.getByLabel("At the most, a second").selectOption("200")
    await page.getByLabel("Write 400 to confirm").fill("400")
    await picture("plan")
    await confirm.click()
    await page.getByText("400 of 400").waitFor({ timeout: 30_000 })
    await open("")
    await page.getByText("What failed in the last hour, and where").waitFor()
    await page.goto(`${program.address}/console/calls?tag=story&status=Failed`)
    await page.getByText("Nothing fits these filters").waitFor()
    refuses = true
  })

  it("makes days of 23 hours where clocks are set forward, and of 25 where they are set back", async () => {
    const prague = await signIn()
    const calendar = await prague.newPage()
    watch(calendar)
    await calendar.goto(`${program.address}/console/orders?week=2026-03-25`)
    await calendar.getByText("Sun 29 Mar 23 h").waitFor()
    await calendar.getByText("Mon 23 Mar").waitFor()
    await calendar.goto(`${program.address}/console/orders?week=2026-10-21`)
    await calendar.getByText("Sun 25 Oct 25 h").waitFor()
    await prague.close()
  })

  describe("on every screen", () => {
    let everyScope: string
    const found = {
      axe: new Array<string>(),
      keyboard: new Array<string>(),
      width: new Array<string>(),
      states: new Array<string>()
    }
    const walked = new Set<string>()

    beforeAll(async () => {
      const scopes = AccessScope.literals.flatMap((scope) => ["--scope", scope])
      everyScope = (await runCommand(home, ["token", "--tenant", "demo", ...scopes], environment)).stdout.trim()
      const shown = await signIn(everyScope)
      const looked = await shown.newPage()
      watch(looked)
      const edge = await takeAnswers(looked)
      const expect = (what: string, holds: string) =>
        until(() => looked.evaluate<boolean>(holds), 20).catch(() => found.states.push(`${what}: ${looked.url()}`))
      const again = () => looked.locator("main").getByRole("button", { name: /again/u }).first().click()
      /** Through every state that a screen may have, to the one in which it shows what there is. */
      const reach = async (path: string) => {
        edge.hold()
        await looked.goto(`${program.address}/console${path}`)
        await looked.locator("h1").waitFor()
        await expect("reads", states.reads)
        for (const [kind, code] of [
          ["forbidden", "insufficient_scope"],
          ["broken", "internal"],
          ["offline", "no_answer"]
        ] as const) {
          await edge.give(kind)
          if (kind !== "forbidden") await again()
          await expect(kind, states.says(code))
        }
        await expect("offline", states.offline)
        if (screens.includes(path) && !withoutItems.has(path)) {
          await edge.give("empty")
          await again()
          await expect("empty", states.empty)
        }
        await edge.give("real")
        await again()
        await expect("goes on", states.read)
      }
      const judge = (path: string, { violations }: Findings) =>
        found.axe.push(
          ...violations.map(({ id, nodes }) => `${path} ${id}: ${nodes.map(({ html }) => html).join(" ")}`)
        )
      for (const path of [...screens, ...(await detailScreens())]) {
        await looked.emulateMedia({ colorScheme: "light" })
        await reach(path)
        await until(() => isRead(looked))
        judge(path, await new AxeBuilder({ page: looked }).setLegacyMode().options(findingsOnly).analyze())
        // The markup is the same in both; what differs is what can be told apart. Axe is in the page by now.
        await looked.emulateMedia({ colorScheme: "dark" })
        judge(`${path}, dark`, await looked.evaluate<Findings>(`axe.run(${JSON.stringify(contrastOnly)})`))
        found.width.push(...(await widthFindings(looked, [1_280, 1_024, 390])).map((what) => `${path} ${what}`))
        found.keyboard.push(...(await keyboardFindings(looked)).map((what) => `${path} ${what}`))
        walked.add(routeOf(path) ?? "")
      }
      await shown.close()
      if (wantsPictures) await takePictures()
    }, 480_000)

    /** Of pages that have the edge to themselves, as people see them. */
    const takePictures = async (): Promise<void> => {
      const shown = await signIn(everyScope)
      const looked = await shown.newPage()
      const taken = new Set<string>()
      for (const path of [...screens, ...(await detailScreens())]) {
        const route = routeOf(path) ?? ""
        if (taken.has(route)) continue
        taken.add(route)
        await looked.goto(`${program.address}/console${path}`)
        await looked.locator("h1").waitFor()
        await until(() => isRead(looked))
        await picture(pictureName(route), looked)
      }
      await shown.close()
    }

    it("there is one for each address that the page has, and a small picture of it in the guide", () => {
      assert.deepStrictEqual(
        routes.filter((route) => !walked.has(route)),
        []
      )
      const guide = readFileSync(join(pictures, "..", "console.md"), "utf8")
      for (const name of routes.map(pictureName)) {
        assert.include(guide, `(console/${name}.webp)`)
        assert.isBelow(statSync(pictureOf(name)).size, 45_000, name)
      }
    })

    it("axe has no findings, in light and in dark", { tags: ["ADR-0045.4"] }, () => {
      assert.deepStrictEqual(found.axe, [])
    })

    it("all that can be used is reached by keyboard and seen to be, and dialogs keep the focus and give it back", {
      tags: ["ADR-0045.9"]
    }, () => {
      assert.deepStrictEqual(found.keyboard, [])
    })

    it("nothing is cut or stands beyond the edge, on a desk and on a telephone", { tags: ["ADR-0045.10"] }, () => {
      assert.deepStrictEqual(found.width, [])
    })

    it("says that it reads, may not, failed, has no answer or has nothing, and goes on from each", {
      tags: ["ADR-0045.11"]
    }, () => {
      assert.deepStrictEqual(found.states, [])
    })
  })

  it("stops in order while somebody looks on", async () => {
    await open("/calls")
    await page.getByText("Live", { exact: true }).waitFor()
    assert.strictEqual(await program.stop("SIGTERM"), 0)
    await page.getByText("Not live").waitFor()
  })
})
