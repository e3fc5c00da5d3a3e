/** The console as people use it: the program that was put together, in a real browser. One program and one browser for all of it. */
import { AxeBuilder } from "@axe-core/playwright"
import { notTested } from "@dueline/test-servers/notTested"
import { programFile } from "@dueline/test-servers/programFile"
import { assert, describe, it } from "@effect/vitest"
import { mkdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { gzipSync } from "node:zlib"
import type { Browser, BrowserContext, Page } from "playwright-core"
import { afterAll, afterEach, beforeAll } from "vitest"
import { startBrowser } from "./Browser.ts"
import { newHome, removeHome, runCommand, type RunningProgram, startProgram } from "./RunningProgram.ts"
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
/** While true the target answers with an error. */
let isDown = true
/** What no screen may cause: requests to elsewhere, breaches of the policy, errors of the page. */
const breaches: Array<string> = []

interface Body {
  readonly id: string
  readonly status: string
  readonly items: ReadonlyArray<{ readonly id: string; readonly call: { readonly id: string } }>
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
    if (!request.url().startsWith(program.address)) breaches.push(`asked ${request.url()}`)
  })
}

const signIn = async (colorScheme: "light" | "dark" = "light"): Promise<BrowserContext> => {
  const made = await browser.newContext({
    viewport: { width: 1_280, height: 800 },
    colorScheme,
    reducedMotion: "reduce"
  })
  await made.addInitScript(`sessionStorage.setItem("dueline.token", ${JSON.stringify(token)})`)
  return made
}

const open = async (path: string): Promise<void> => {
  await page.goto(`${program.address}/console${path}`)
  await page.locator("h1").waitFor()
}

const rows = () => page.locator("tbody tr")

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  const limit = Date.now() + 20_000
  while (!(await holds())) {
    assert.isBelow(Date.now(), limit, "waited in vain")
    await new Promise((resolve) => setTimeout(resolve, 100))
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

const picture = async (name: string): Promise<void> => {
  if (!wantsPictures) return
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: join(pictures, `${name}.png`) })
}

describe.skipIf(why !== "")("the console", () => {
  beforeAll(async () => {
    home = await newHome()
    target = await startTarget((_, response) => {
      response
        .writeHead(isDown ? 503 : 200, { "content-type": "text/plain" })
        .end(isDown ? "out of order" : "thank you")
    })
    const [started, made] = await Promise.all([startProgram(home, { DUELINE_FSYNC: "off" }), startBrowser()])
    program = started
    browser = made
    token = (await runCommand(home, ["token", "--tenant", "demo", "--ttl", "1h"])).stdout.trim()
    context = await signIn()
    page = await context.newPage()
    watch(page)
  })

  afterEach(() => assert.deepStrictEqual(breaches.splice(0), []))

  afterAll(async () => {
    await browser.close()
    await program.stop("SIGTERM")
    await target.close()
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
    await picture("calls")
    const cold = await context.newPage()
    watch(cold)
    await cold.goto(`${program.address}/console/calls?status=Failed&tag=filtering`)
    await shows(30, cold)
    await cold.close()
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
    await picture("call")
  })

  it("says why a call failed, and runs it again", { tags: ["ADR-0045.3"] }, async () => {
    const [id = ""] = idsOf(await submit(1, "again"))
    await until(async () => (await api("GET", `/v1/service-calls/${id}`)).status === "Failed")
    await open(`/calls/${id}`)
    await page.getByText("the target answered with an error (HTTP 503)").waitFor()
    await page.getByText("out of order", { exact: true }).first().waitFor()
    assert.isTrue(await page.getByRole("button", { name: "Move…" }).isDisabled())
    isDown = false
    await page.getByRole("button", { name: "Run again" }).click()
    await page.getByText("Done with attempt 1 (HTTP 200)").waitFor()
    isDown = true
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

  it.each(["light", "dark"] as const)(
    "is without findings of axe on every screen, %s",
    { tags: ["ADR-0045.4"] },
    async (scheme) => {
      const shown = await signIn(scheme)
      const looked = await shown.newPage()
      watch(looked)
      const failed = (await api("GET", "/v1/service-calls?status=Failed&limit=1")).items[0]?.id
      for (const path of ["/calls", `/calls/${failed}`]) {
        await looked.goto(`${program.address}/console${path}`)
        await looked.locator("h1").waitFor()
        await looked.waitForLoadState("networkidle")
        const axe = new AxeBuilder({ page: looked })
        // The markup is the same in both; what differs is what can be told apart.
        const { violations } = await (scheme === "light" ? axe : axe.withRules("color-contrast")).analyze()
        assert.deepStrictEqual(
          violations.map(({ id, nodes }) => `${path} ${id}: ${nodes.map(({ html }) => html).join(" ")}`),
          []
        )
      }
      await shown.close()
    }
  )
})
