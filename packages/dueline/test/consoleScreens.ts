/** What every screen of the console is held to, found out in a real browser: each function answers what is wrong, in words. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Page, Route } from "playwright-core"

const sources = join(import.meta.dirname, "..", "..", "console", "src", "shell", "screens.tsx")

/** As the page itself has them; of two that an address fits the first is shown. */
export const routes: ReadonlyArray<string> = [
  ...readFileSync(sources, "utf8").matchAll(/^.*\bpath: "(?<path>[^"]+)".*\bscreen: /gmu),
  ...readFileSync(sources, "utf8").matchAll(/^\s+path: "(?<path>[^"]+)",$/gmu)
].map(({ groups }) => groups?.["path"] ?? "")

export const routeOf = (address: string): string | undefined => {
  const [path = ""] = (address === "" ? "/" : address).split("?")
  return routes.find((route) => new RegExp(`^${route.replaceAll(":id", "[^/]+")}$`, "u").test(path))
}

/** Of a route, as a file. */
export const pictureName = (route: string): string =>
  route === "/" ? "overview" : route.slice(1).replaceAll("/:id", "-one").replaceAll("/", "-")

/** Until nothing is read any more. */
export const isRead = async (page: Page): Promise<boolean> =>
  (await page.locator('[aria-busy="true"], :text-is("Reading…")').count()) === 0

// By keyboard alone.

/** From now on what has the focus is noted: what can be used and has not had it yet, and what had it unseen, or outside of an open dialog. */
const noteFocus = `(() => {
  const dialog = document.querySelector("dialog[open]")
  const root = dialog ?? document.querySelector(document.querySelector("main h1")?.textContent === "Overview" ? "body" : "main")
  const usable = "a[href], button, input, select, textarea, summary"
  const missed = new Set([...root.querySelectorAll(usable)].filter((one) => one.checkVisibility() && !one.disabled))
  const faults = new Set()
  const words = (one) => one.outerHTML.slice(0, 100)
  if (globalThis.walk) document.removeEventListener("focusin", globalThis.walk.hear)
  const hear = ({ target }) => {
    missed.delete(target)
    const { outlineStyle, outlineWidth } = getComputedStyle(target)
    if (outlineStyle === "none" || Number.parseFloat(outlineWidth) === 0) faults.add("has the focus unseen: " + words(target))
    if (dialog?.open && !dialog.contains(target)) faults.add("leaves the dialog to " + words(target))
  }
  if (document.activeElement !== document.body) missed.delete(document.activeElement)
  document.addEventListener("focusin", hear)
  globalThis.walk = { missed, hear, faults: () => [...faults, ...[...missed].map((one) => "is not reached: " + words(one))] }
})()`

/** More than there are places in a field for a time. */
const stride = 10

const tabThrough = async (page: Page): Promise<ReadonlyArray<string>> => {
  await page.evaluate(noteFocus)
  for (let before = Infinity; ; ) {
    for (let n = 0; n < stride; n += 1) await page.keyboard.press("Tab")
    const left = await page.evaluate<number>("walk.missed.size")
    if (left === 0 || left === before) break
    before = left
  }
  return page.evaluate<ReadonlyArray<string>>("walk.faults()")
}

/** Buttons whose name ends so open one; of many of one name the first. */
const openers = `[...new Set([...document.querySelectorAll("main button:enabled")].flatMap(({ textContent }) =>
  textContent.endsWith("…") ? [textContent] : []))]`

/** As wide as it is on a telephone it has no need to be moved from side to side. */
const narrowDialog = `(() => {
  const dialog = document.querySelector("dialog[open]")
  dialog.style.width = "358px"
  const { clientWidth, scrollWidth } = dialog
  dialog.style.width = ""
  return scrollWidth > clientWidth + 1 ? ["is cut on a telephone"] : []
})()`

/** `closes`: all dialogs have the same way out by their button, so that it is tried once a page; what they hold is walked through in each. */
const dialogFindings = async (
  page: Page,
  label: string,
  closes: ReadonlyArray<"Escape" | "its button">
): Promise<ReadonlyArray<string>> => {
  const opener = page.locator("main button:enabled").filter({ hasText: label }).first()
  const dialog = page.locator("dialog[open]")
  const found: Array<string> = []
  for (const close of closes) {
    await opener.focus()
    await page.keyboard.press("Enter")
    await dialog.waitFor()
    if (close === "Escape") {
      found.push(...(await tabThrough(page)), ...(await page.evaluate<ReadonlyArray<string>>(narrowDialog)))
      await page.keyboard.press("Escape")
    } else {
      await dialog.getByRole("button", { name: "Close" }).focus()
      await page.keyboard.press("Enter")
    }
    await dialog.waitFor({ state: "detached" })
    // React puts things in order after the frame in which the dialog goes.
    const frames = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    const now = await page.evaluate<string>(`${frames}.then(() => document.activeElement?.textContent ?? "")`)
    if (now !== label) found.push(`closed by ${close} it does not give the focus back`)
  }
  return found.map((what) => `${label} ${what}`)
}

export const keyboardFindings = async (page: Page): Promise<ReadonlyArray<string>> => {
  await page.locator("#main").focus()
  const found = [...(await tabThrough(page))]
  for (const [n, label] of (await page.evaluate<ReadonlyArray<string>>(openers)).entries())
    found.push(...(await dialogFindings(page, label, n === 0 ? ["Escape", "its button"] : ["Escape"])))
  return found
}

// How wide a window is.

/** From as wide a window on a table has no need to be moved from side to side. */
const tablesFit = 1_024

/** What stands beyond the edge of the page without a part of it that scrolls, texts that are cut, and at a desk tables wider than their place. */
const beyond = `(() => {
  const { clientWidth } = document.documentElement
  const scrolls = (one) => one !== null && (/auto|scroll/u.test(getComputedStyle(one).overflowX) || scrolls(one.parentElement))
  const words = (one) => one.outerHTML.slice(0, 100)
  const all = [...document.querySelectorAll("body *:not(.skip, svg *)")].filter((one) => one.checkVisibility())
  const wide = all.filter((one) => one.getBoundingClientRect().right > clientWidth + 1 && !scrolls(one.parentElement))
  const cut = all.filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0
    && /hidden|clip/u.test(getComputedStyle(one).overflowX) && !one.matches("svg, input, select"))
  const moved = innerWidth < ${tablesFit} ? [] : all.filter((one) => one.matches("table") && one.scrollWidth > one.parentElement.clientWidth + 1)
  return [...wide.map((one) => "is beyond the edge: " + words(one)), ...cut.map((one) => "is cut: " + words(one)),
    ...moved.map((one) => "is " + (one.scrollWidth - one.parentElement.clientWidth) + " px wider than its place: " + words(one))].slice(0, 3)
})()`

export const widthFindings = async (page: Page, widths: ReadonlyArray<number>): Promise<ReadonlyArray<string>> => {
  const size = page.viewportSize()
  const found: Array<string> = []
  for (const width of widths) {
    await page.setViewportSize({ width, height: 800 })
    found.push(...(await page.evaluate<ReadonlyArray<string>>(beyond)).map((what) => `${width} px: ${what}`))
  }
  if (size !== null) await page.setViewportSize(size)
  return found
}

// What the edge may answer.

const problem = (status: number, code: string, title: string) => (route: Route) =>
  route.fulfill({
    status,
    contentType: "application/problem+json",
    body: JSON.stringify({
      type: `urn:dueline:problem:${code}`,
      title,
      status,
      detail: "As the test has it.",
      code,
      correlationId: "0a1b2c3d4e5f"
    })
  })

const answers = {
  forbidden: problem(403, "insufficient_scope", "The access token lacks the scope this needs."),
  broken: problem(500, "internal", "Something went wrong on our side."),
  offline: (route: Route) => route.abort(),
  empty: (route: Route) => route.fulfill({ json: { items: [], nextCursor: null } }),
  real: (route: Route) => route.continue()
}

const notes = `[...document.querySelectorAll("main [role=alert]")]`
const reading = `[...document.querySelectorAll('[aria-busy="true"], main p, main button')].some((one) =>
  one.ariaBusy === "true" || one.textContent === "Reading…")`

/** What a page shows, as expressions in it. */
export const states = {
  reads: reading,
  says: (code: string): string => `${notes}.some(({ textContent }) => textContent.includes("${code}"))`,
  offline: `document.querySelector(".offline") !== null`,
  empty: `document.querySelector("main .empty") !== null && ${notes}.length === 0`,
  read: `${notes}.length === 0 && !${reading}`
}

/** Has the edge answer as it is told; until then it does not answer at all. */
export const takeAnswers = async (page: Page) => {
  let answer: ((route: Route) => Promise<void>) | null = null
  const held: Array<Route> = []
  await page.route(
    ({ pathname }) => !pathname.startsWith("/console"),
    (route) => {
      if (new URL(route.request().url()).pathname.endsWith("/live")) return route.abort()
      if (answer === null) held.push(route)
      else return answer(route)
    }
  )
  return {
    hold: () => {
      answer = null
    },
    give: async (kind: keyof typeof answers): Promise<void> => {
      answer = answers[kind]
      // Of a page that was left meanwhile nobody waits for an answer.
      for (const route of held.splice(0)) await answer(route).catch(() => undefined)
    }
  }
}
