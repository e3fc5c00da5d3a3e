/** Shows the gates and runs the tests behind them: `pnpm gates [ADR-0006 …] [--list]`. Exit code 1 unless all are green. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import type { TestModule } from "vitest/node"
import { acceptedCriteria, type Decision, readDecisions } from "./Decision.ts"
import { claimsOf, type Judgement, judgeCriteria } from "./DecisionGate.ts"

const help = `usage: pnpm gates [ADR-0006 …] [options]

Runs the tests that carry the criteria of accepted decisions and says which hold.

  --list         list the gates and their criteria, run nothing
  --index        rewrite decisions/README.md from the records
  --check-index  fail when decisions/README.md is out of date
  --help         this text
`
const root = join(import.meta.dirname, "..")
const indexFile = join(root, "decisions", "README.md")

const options = {
  list: { type: "boolean" },
  index: { type: "boolean" },
  "check-index": { type: "boolean" },
  help: { type: "boolean" }
} as const

const main = async (): Promise<number> => {
  const { positionals, values } = parseArgs({ allowPositionals: true, options })
  if (values.help === true) return say(help, 0)
  const decisions = readDecisions(join(root, "decisions"))
  const unknown = positionals.find((id) => !decisions.some((decision) => decision.id === id))
  if (unknown !== undefined) return say(`${unknown} is no decision: pnpm gates --list shows them\n\n${help}`, 2)
  if (values.index === true) return writeIndex(decisions)
  if (values["check-index"] === true) return checkIndex(decisions)
  const chosen = positionals.length === 0 ? decisions : decisions.filter(({ id }) => positionals.includes(id))
  if (values.list === true) return say(chosen.map(describe).join("\n\n"), 0)
  return report(chosen, await judge(chosen))
}

const judge = async (chosen: ReadonlyArray<Decision>): Promise<ReadonlyArray<Judgement>> => {
  const criteria = acceptedCriteria(chosen)
  if (criteria.length === 0) return []
  const { startVitest } = await import("vitest/node")
  const tagsFilter = [criteria.map(({ id }) => id).join(" or ")]
  let ended: ReadonlyArray<TestModule> = []
  const reporters = ["default", { onTestRunEnd: (modules: ReadonlyArray<TestModule>) => void (ended = modules) }]
  const vitest = await startVitest([], { config: "scripts/vitest.config.ts", tagsFilter, watch: false, reporters })
  const broken = ended.filter((module) => module.errors().length > 0)
  for (const module of broken) console.error(`did not load: ${module.relativeModuleId}`)
  await vitest.close()
  // A file that did not load may hold tests of any criterion, so none counts as green.
  const because = `${broken.length} test files did not load`
  return judgeCriteria(criteria, claimsOf(ended)).map((each) =>
    broken.length > 0 && each.verdict === "green" ? { ...each, verdict: "unmet", because } : each
  )
}

const report = (chosen: ReadonlyArray<Decision>, judged: ReadonlyArray<Judgement>): number => {
  for (const { criteria, id, status, title } of chosen) {
    const own = judged.filter(({ criterion }) => criteria.some((each) => each.id === criterion.id))
    const verdict =
      status !== "accepted" ? status : own.every((each) => each.verdict === "green") ? "GREEN" : "NOT GREEN"
    console.log(`\n${id} ${title}: ${verdict}`)
    for (const { because, claims, criterion, verdict } of own) {
      const tests = `${claims} ${claims === 1 ? "test" : "tests"}`
      console.log(`  ${verdict.padEnd(5)} ${criterion.id} ${criterion.sentence} (${because === "" ? tests : because})`)
    }
  }
  const green = judged.filter(({ verdict }) => verdict === "green").length
  console.log(`\n${green} of ${judged.length} criteria green`)
  return green === judged.length ? 0 : 1
}

const describe = ({ criteria, date, id, status, title }: Decision) =>
  [`${id} ${title} (${status}, ${date})`, ...criteria.map((each) => `  ${each.id} ${each.sentence}`)].join("\n")

/** The page decisions/README.md: every decision with its status and the number of its criteria. */
const decisionIndex = (decisions: ReadonlyArray<Decision>): string => {
  const rows = decisions.map(
    ({ criteria, file, id, status, title }) => `| [${id}](${file}) | ${title} | ${status} | ${criteria.length} |`
  )
  return `# Decisions

Each record answers one question and lists, at its head, the criteria that would prove the answer wrong: \`ADR-0006.1\`, \`ADR-0006.2\` and so on.
A test that checks a criterion carries its id as a tag; \`git grep ADR-0006.1\` finds them. A gate is green when every criterion of its record has a test
and all of them passed.

- \`pnpm gates\` runs the tests behind every gate and reports; \`pnpm gates ADR-0006\` runs one; \`pnpm gates --list\` prints all criteria.
- \`npm test\` fails when a criterion of an accepted record has no passing test.
- The criteria of a superseded record are no longer required. Missing numbers are reserved.

This page is written by \`node scripts/gates.ts --index\`; \`pnpm check\` fails when it is out of date.

| Record | Decision | Status | Criteria |
| --- | --- | --- | ---: |
${rows.join("\n")}
`
}

const writeIndex = (decisions: ReadonlyArray<Decision>): number => {
  writeFileSync(indexFile, decisionIndex(decisions))
  return say("decisions/README.md is written", 0)
}

const checkIndex = (decisions: ReadonlyArray<Decision>): number =>
  readFileSync(indexFile, "utf8") === decisionIndex(decisions)
    ? 0
    : say("decisions/README.md is out of date: run node scripts/gates.ts --index", 1)

const say = (text: string, code: number): number => {
  ;(code === 0 ? console.log : console.error)(text)
  return code
}

process.exitCode = await main()
