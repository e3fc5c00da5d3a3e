/**
 * Prints how large the project is and in how many sources its kinds of aggregate are listed: `node scripts/measure.ts [ROOT] [--list]`.
 * Figures to compare with those of another checkout; nothing is held to them. `--list` names the sources that list the kinds.
 */
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"

const { positionals, values } = parseArgs({ allowPositionals: true, options: { list: { type: "boolean" } } })
const root = resolve(positionals[0] ?? join(import.meta.dirname, ".."))

const tracked = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).trimEnd().split("\n")
const read = (path: string): string => readFileSync(join(root, path), "utf8")
const linesIn = (path: string): number => read(path).split("\n").length - 1
const wordsIn = (path: string): number =>
  read(path)
    .split(/\s+/u)
    .filter((word) => word !== "").length
const total = (paths: ReadonlyArray<string>, measure: (path: string) => number): number =>
  paths.reduce((sum, path) => sum + measure(path), 0)
const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

const isTest = (path: string): boolean => /(?:^|\/)test\//u.test(path)
const sources = tracked.filter((path) => path.endsWith(".ts") && !isTest(path) && path !== "scripts/measure.ts")
const prose = tracked.filter((path) => path.endsWith(".md"))

/** In any letter case, comments too: names of fields count as much as lists of kinds. */
const mentionsAll = (text: string): boolean =>
  [/customer/iu, /\bbins?\b|Bin(?![a-z])|bin_/iu, /order/iu].every((word) => word.test(text))

const code = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\//gu, "").replaceAll(/(^|\s)\/\/.*$/gmu, "$1")
/** The kinds themselves, as values or types: a field such as `customerId` says what an order is about, and makes no list of kinds. */
const kindNames = [/\b[cC]ustomers?(?!Id)(?![a-z])/u, /\b[bB]ins?(?!Id)(?![a-z])/u, /\b[oO]rders?(?!Id)(?![a-z])/u]
/** What belongs to one kind may name those it refers to; models of the simulation and of chaos must not follow from the code. */
const ofOneKind =
  /(?:^|\/)(?:bin|customer|order|order-calls)\/|(?:Bin|Customer|Order)[^/]*\.ts$|\/bin[A-Z]|\/order[A-Z]/u
const ofModels = /^packages\/(?:simulation|chaos)\//u
const listsAll = (path: string): boolean =>
  !ofOneKind.test(path) && !ofModels.test(path) && kindNames.every((word) => word.test(code(read(path))))
const listing = sources.filter(listsAll)
const isSuite = (path: string): boolean => path.startsWith("packages/port-contracts/")

const figures: ReadonlyArray<readonly [string, number]> = [
  ["sources without tests: files", sources.length],
  ["sources without tests: lines", total(sources, linesIn)],
  ["sources without tests: median lines", median(sources.map(linesIn))],
  ["tests: files", tracked.filter((path) => path.endsWith(".ts") && isTest(path)).length],
  ["prose: words of README.md", wordsIn("README.md")],
  ["prose: words of docs/coverage.md", wordsIn("docs/coverage.md")],
  ["prose: words in all", total(prose, wordsIn)],
  ["sources in which all three ops kinds are mentioned", sources.filter((path) => mentionsAll(read(path))).length],
  ["sources that list all three ops kinds", listing.filter((path) => !isSuite(path)).length],
  ["suites of ports that do", listing.filter(isSuite).length]
]
for (const [name, value] of figures) console.log(`${value.toLocaleString("en").padStart(8)}  ${name}`)
if (values.list === true) for (const path of listing) console.log(`          ${path}`)
