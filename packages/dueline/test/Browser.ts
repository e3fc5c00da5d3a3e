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

/** Containers run tests as root, where Chromium's sandbox cannot be made. */
export const startBrowser = async (): Promise<Browser> =>
  chromium.launch({ executablePath: await executable(), args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] })
