/** What a page costs its browser, by the processor time of its threads and processes: other work of the machine is no part of it. */
import type { Browser, Page } from "playwright-core"

export interface Costs {
  /** Seconds of the page's main thread. */
  readonly mainThread: number
  /** Of these in scripts. */
  readonly script: number
  /** Of these in layout and styles. */
  readonly layout: number
  /** Seconds of the page's process, with its other threads, and of all processes of the browser. */
  readonly renderer: number
  readonly all: number
  /** Bytes of JavaScript's heap that are still there after it was cleared up. */
  readonly heap: number
  readonly nodes: number
}

export const costsOf = async (browser: Browser, page: Page): Promise<() => Promise<Costs>> => {
  const ofPage = await page.context().newCDPSession(page)
  const ofBrowser = await browser.newBrowserCDPSession()
  await ofPage.send("Performance.enable", { timeDomain: "threadTicks" })
  return async () => {
    await ofPage.send("HeapProfiler.collectGarbage")
    const { metrics } = await ofPage.send("Performance.getMetrics")
    const { processInfo } = await ofBrowser.send("SystemInfo.getProcessInfo")
    const metric = (name: string) => metrics.find((one) => one.name === name)?.value ?? 0
    const seconds = (type: string | null) =>
      processInfo.filter((one) => type === null || one.type === type).reduce((sum, { cpuTime }) => sum + cpuTime, 0)
    return {
      mainThread: metric("TaskDuration"),
      script: metric("ScriptDuration"),
      layout: metric("LayoutDuration") + metric("RecalcStyleDuration"),
      renderer: seconds("renderer"),
      all: seconds(null),
      heap: metric("JSHeapUsedSize"),
      nodes: metric("Nodes")
    }
  }
}
