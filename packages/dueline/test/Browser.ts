/** A real browser for tests: the machine's, else the one that comes from the npm registry, unpacked once. */
import bundled from "@sparticuz/chromium"
import { existsSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { type Browser, chromium } from "playwright-core"

const ofMachine = "/usr/bin/chromium"

const executable = async (): Promise<string> => {
  const named = process.env["CHROMIUM"]
  if (named !== undefined) return named
  return existsSync(ofMachine) ? ofMachine : bundled.executablePath()
}

/** The one that is unpacked may have been unpacked in half, by a run that was stopped: it is unpacked once more when it does not start. */
export const startBrowser = async (): Promise<Browser> => {
  // Containers run tests as root, where Chromium's sandbox cannot be made.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : []
  const executablePath = await executable()
  try {
    return await chromium.launch({ executablePath, args })
  } catch (error) {
    if (!executablePath.startsWith(`${tmpdir()}/`)) throw error
    rmSync(executablePath, { force: true })
    return chromium.launch({ executablePath: await executable(), args })
  }
}
