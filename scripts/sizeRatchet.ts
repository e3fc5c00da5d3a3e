/** Keeps files and functions small: what is over the limit stands in a list, and may only shrink. */
import { globSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseSync } from "oxc-parser"

/** Lines. A function that builds a layer, a service, a suite or a route group may be longer: it is a list, not a thought. */
const limits = { source: 150, test: 300, function: 60, builder: 100, line: 140 }
const builder = /^(layer|make|suite|build|run|handlers)/i
const tests = /\/test\/|^packages\/port-contracts\//
const listFile = "scripts/size-exceptions.json"

/** Everything over its limit, as `path` or `path#function`, with its number of lines. */
export const oversized = (path: string, text: string): ReadonlyMap<string, number> => {
  const found = new Map<string, number>()
  const lines = text.split("\n")
  const fileLines = lines.length - 1
  const isTest = tests.test(path)
  if (fileLines > (isTest ? limits.test : limits.source)) found.set(path, fileLines)
  const longest = Math.max(...lines.map((line) => line.length))
  if (longest > limits.line) found.set(`${path}#longest line`, longest)
  if (isTest) return found
  const lineOf = (offset: number) => text.slice(0, offset).split("\n").length
  for (const { end, name, start } of outermostFunctions(parseSync(path, text).program)) {
    const length = lineOf(end) - lineOf(start) + 1
    if (length > (builder.test(name) ? limits.builder : limits.function)) found.set(`${path}#${name}`, length)
  }
  return found
}

interface Span {
  readonly name: string
  readonly start: number
  readonly end: number
}

const functionTypes = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"])

const outermostFunctions = (node: unknown, name = "anonymous"): ReadonlyArray<Span> => {
  if (Array.isArray(node)) return node.flatMap((child) => outermostFunctions(child, name))
  if (typeof node !== "object" || node === null || !("type" in node)) return []
  const named =
    "id" in node && isNamed(node.id) ? node.id.name : "key" in node && isNamed(node.key) ? node.key.name : name
  if (functionTypes.has(String(node.type)) && "start" in node && "end" in node) {
    return [{ name: named, start: Number(node.start), end: Number(node.end) }]
  }
  return Object.values(node).flatMap((child) => outermostFunctions(child, named))
}

const isNamed = (node: unknown): node is { readonly name: string } =>
  typeof node === "object" && node !== null && "name" in node && typeof node.name === "string"

/** What grew or is new beyond the list, and what the list still holds although it shrank. */
export const judgeSizes = (
  found: ReadonlyMap<string, number>,
  allowed: Readonly<Record<string, number>>
): ReadonlyArray<string> => [
  ...[...found]
    .filter(([name, size]) => size > (allowed[name] ?? 0))
    .map(([name, size]) => `${name}: ${size}, too long${name in allowed ? `, was ${allowed[name]}` : ""}`),
  ...Object.entries(allowed)
    .filter(([name, size]) => (found.get(name) ?? 0) < size)
    .map(([name, size]) => `${name} shrank below ${size}: run "node scripts/sizeRatchet.ts --shrink"`)
]

const measure = (root: string) => {
  const paths = globSync("{packages/*/{src,test},scripts}/**/*.{ts,mjs}", { cwd: root }).sort()
  return new Map(paths.flatMap((path) => [...oversized(path, readFileSync(join(root, path), "utf8"))]))
}

if (import.meta.main) {
  const root = join(import.meta.dirname, "..")
  const found = measure(root)
  const allowed: Record<string, number> = JSON.parse(readFileSync(join(root, listFile), "utf8"))
  if (process.argv.includes("--record")) {
    writeFileSync(join(root, listFile), `${JSON.stringify(Object.fromEntries(found), null, 2)}\n`)
  } else if (process.argv.includes("--shrink")) {
    const kept = Object.entries(allowed).flatMap(([name, size]) => {
      const now = found.get(name)
      return now === undefined ? [] : [[name, Math.min(now, size)]]
    })
    writeFileSync(join(root, listFile), `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`)
  } else {
    const problems = judgeSizes(found, allowed)
    for (const problem of problems) console.error(problem)
    if (problems.length > 0) process.exitCode = 1
  }
}
