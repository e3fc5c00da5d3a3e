/**
 * `pnpm kinds:trial`: adds a kind of aggregate to a copy of this tree and says which files that took. Fails when it took more than it may,
 * when the copy does not compile, or when its tests fail. With `--leave-out` it also leaves out each file once, and fails when nothing does.
 */
import { execFileSync } from "node:child_process"
import { globSync } from "node:fs"
import { join } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { vehicleParts, vehicleTests } from "./parts.ts"
import { type Outcome, type Part, Trial } from "./Trial.ts"

const help = `usage: pnpm kinds:trial [-- --short | --leave-out]

Adds the kind "vehicle" to a copy of this tree, compiles it and runs its tests in memory, on PostgreSQL and over HTTP.
--short       compiles only the sources of packages that get or change a file, and its own tests, as npm test does
--leave-out   leaves out each of its files once and asks that the compiler or a test fails; takes some minutes
`

/** What a kind may cost: new files, and touched sources and suites. */
const most = { new: 8, source: 3, suite: 3 }

const root = join(import.meta.dirname, "..", "..")
const args = process.argv.slice(2)

/** Numbers may be left out, such as those of steps that are still under way elsewhere. */
const lastMigration = (files: ReadonlyArray<string>): number =>
  Math.max(...files.map((file) => Number(/(\d{4})_\w+\.sql$/u.exec(file)?.[1] ?? 0)))

const filesOf = (tree: string): ReadonlyArray<string> =>
  execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"], {
    cwd: tree,
    encoding: "utf8",
    maxBuffer: 1e8
  })
    .split("\0")
    .filter((file) => file !== "")

const isNew = ({ change }: Part): boolean => change._tag === "new"

const count = (parts: ReadonlyArray<Part>) => ({
  new: parts.filter(isNew).length,
  source: parts.filter((part) => !isNew(part) && part.role === "source").length,
  suite: parts.filter((part) => !isNew(part) && part.role === "suite").length
})

const tell = (words: string): void => console.log(words)

const failed = (what: string, { output }: Outcome): false => {
  console.error(`${what}\n${output}`)
  return false
}

/** A file without a test of that name would pass. */
const testAll = async (trial: Trial, without?: string): Promise<Outcome> => {
  const files = vehicleTests.files.filter((file) => file !== without)
  const tested = await trial.test(files, vehicleTests.name)
  const told = stripVTControlCharacters(tested.output)
  const silent = files.filter((file) => !told.includes(`✓ ${file} `))
  if (silent.length === 0) return tested
  return { passed: false, output: `${tested.output}\nno test has passed in ${silent.join(", ")}` }
}

/** The file itself, and the sources of its package. */
const beside = ({ path }: Part): ReadonlyArray<string> => [path, `${path.split("/").slice(0, 2).join("/")}/src`]

const whole = async (trial: Trial, parts: ReadonlyArray<Part>): Promise<boolean> => {
  const compiled = await (args.includes("--short")
    ? trial.compile([...new Set(parts.filter(({ path }) => path.endsWith(".ts")).flatMap(beside))])
    : trial.compile())
  if (!compiled.passed) return failed("the copy with the new kind does not compile", compiled)
  const tested = await testAll(trial)
  return tested.passed || failed("tests fail with the new kind", tested)
}

/** Whether something fails without this part. Its own tests can only be missed by who looks for them. */
const isMissed = async (trial: Trial, part: Part): Promise<boolean> => {
  trial.leaveOut(part)
  const compiled = await trial.compile()
  const missed = compiled.passed ? !(await testAll(trial, part.path)).passed : true
  tell(`${missed ? "missed" : "NOT MISSED"}  ${part.path}${compiled.passed ? "" : "  (by the compiler)"}`)
  trial.apply(part)
  return missed
}

const main = async (): Promise<boolean> => {
  const migration = lastMigration(globSync("packages/postgres/migrations/*.sql", { cwd: root })) + 1
  const parts = vehicleParts(migration)
  const counted = count(parts)
  for (const part of parts) tell(`${isNew(part) ? "new    " : "touched"}  ${part.role}  ${part.path}`)
  tell(
    `${counted.new} new files (at most ${most.new}), ${counted.source} touched sources (${most.source}), ${counted.suite} touched suites (${most.suite})`
  )
  if (counted.new > most.new || counted.source > most.source || counted.suite > most.suite) return false
  const trial = new Trial(root, filesOf(root))
  try {
    for (const part of parts) trial.apply(part)
    if (!(await whole(trial, parts))) return false
    tell("compiles, and its tests pass in memory, on PostgreSQL and over HTTP")
    if (!args.includes("--leave-out")) return true
    let silent = 0
    for (const part of parts.filter((part) => !(isNew(part) && part.role === "suite"))) {
      if (!(await isMissed(trial, part))) silent++
    }
    return silent === 0
  } finally {
    trial.remove()
  }
}

if (args.includes("--help")) tell(help)
else process.exitCode = (await main()) ? 0 : 1
