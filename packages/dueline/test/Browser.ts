/** A real browser for tests: the machine's, else the one that comes from the npm registry, unpacked once. */
import bundled from "@sparticuz/chromium"
import { existsSync } from "node:fs"
import { type Browser, chromium } from "playwright-core"

const ofMachine = "/usr/bin/chromium"

const executable = async (): Promise<string> => {
  const named = process.env["CHROMIUM"]
  if (named !== undefined) return named
  return existsSync(ofMachine) ? ofMachine : bundled.executablePath()
}

/** One that dies while it starts, as may happen on a machine that is short of everything, is started once more. */
export const startBrowser = async (): Promise<Browser> => {
  // Containers run tests as root, where Chromium's sandbox cannot be made.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : []
  const executablePath = await executable()
  const launch = () => chromium.launch({ executablePath, args })
  return launch().catch(launch)
}
