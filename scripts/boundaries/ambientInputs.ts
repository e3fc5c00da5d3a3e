/** Sources read the clock and the dice through Effect only, so that tests can move the one and seed the other. */
import type { SourceFile } from "./SourceFile.ts"
import { placeOf, type Violation } from "./Violation.ts"

/** A use that is allowed, and why. `path` is a file, or a folder when it ends in a slash. */
export interface Exemption {
  readonly path: string
  readonly names: ReadonlyArray<string>
  readonly reason: string
}

const clock = ["Date.now", "new Date()", "performance.now", "process.hrtime", "setTimeout", "setInterval"]
const dice = ["Math.random", "crypto.randomUUID", "crypto.getRandomValues", "randomUUID", "randomBytes", "randomInt"]
const ambient = new Set([...clock, ...dice])

/** Refuses what is not exempt, and exemptions that nothing needs any more. */
export const ambientInputs = (
  files: ReadonlyArray<SourceFile>,
  exemptions: ReadonlyArray<Exemption>
): ReadonlyArray<Violation> => {
  const needed = new Set<string>()
  const violations = files
    .filter((file) => placeOf(file).part === "src")
    .flatMap(({ path, uses }) => {
      const seen = new Map(uses.filter(({ name }) => ambient.has(name)).map(({ line, name }) => [name, line]))
      return [...seen].flatMap(([name, line]) => {
        const exempt = exemptions.find((exemption) => covers(exemption.path, path) && exemption.names.includes(name))
        if (exempt === undefined) return [{ path, line, message: `${name}: read it through Effect's Clock or Random` }]
        needed.add(`${exempt.path} ${name}`)
        return []
      })
    })
  const stale = exemptions.flatMap(({ names, path }) =>
    names
      .filter((name) => !needed.has(`${path} ${name}`))
      .map((name) => ({
        path,
        line: 1,
        message: `the exemption for ${name} is not needed any more: remove it`
      }))
  )
  return [...violations, ...stale]
}

const covers = (exempt: string, path: string) => (exempt.endsWith("/") ? path.startsWith(exempt) : path === exempt)
