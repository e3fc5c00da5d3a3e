/** What a decision record promises: its front matter, read and validated. */
import { readdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"

/** One sentence that a test can contradict. `id` looks like `ADR-0006.2`. */
export interface Criterion {
  readonly id: string
  readonly sentence: string
}

export interface Decision {
  readonly id: string
  readonly title: string
  readonly status: "proposed" | "accepted" | "superseded"
  /** ISO date, e.g. `2026-11-22`. */
  readonly date: string
  readonly supersedes: ReadonlyArray<string>
  readonly criteria: ReadonlyArray<Criterion>
  /** File name inside `decisions/`. */
  readonly file: string
}

const statuses = ["proposed", "accepted", "superseded"] as const

/** Reads one record. Throws with the file's name and the first thing that is wrong with it. */
export const parseDecision = (file: string, text: string): Decision => {
  const refuse = (problem: string): never => {
    throw new Error(`decisions/${file}: ${problem}`)
  }
  const front = /^---\n([\s\S]*?)\n---\n/.exec(text)?.[1] ?? refuse("no front matter between --- lines")
  const fields = new Map<string, string>()
  const criteria: Array<Criterion> = []
  for (const line of front.split("\n")) {
    const [, indent = "", name = "", value = ""] =
      /^(\s*)([\w.-]+):\s*(.*)$/.exec(line) ?? refuse(`unreadable: ${line}`)
    if (indent === "") fields.set(name, value)
    else criteria.push({ id: name, sentence: value })
  }
  const field = (name: string) => fields.get(name) || refuse(`"${name}" is missing`)
  const id = field("id")
  const status = statuses.find((known) => known === field("status")) ?? refuse(`status must be ${statuses.join(", ")}`)
  if (!/^ADR-\d{4}$/.test(id) || !file.startsWith(`${id}-`)) refuse(`id ${id} does not match the file name`)
  if (!/^\d{4}-\d{2}-\d{2}$/.test(field("date"))) refuse("date must look like 2026-11-22")
  if (!text.includes(`\n# ${field("title")}\n`)) refuse("the heading differs from the title")
  if (!fields.has("accept") || criteria.length === 0)
    refuse("no acceptance criteria: then it is a note, not a decision")
  for (const [index, criterion] of criteria.entries()) {
    if (criterion.id !== `${id}.${index + 1}`) refuse(`criterion ${criterion.id} should be ${id}.${index + 1}`)
    if (!criterion.sentence.endsWith(".")) refuse(`criterion ${criterion.id} is not a sentence`)
  }
  return {
    id,
    title: field("title"),
    status,
    date: field("date"),
    supersedes: listOf(field("supersedes")),
    criteria,
    file
  }
}

/** All records of a folder in the order of their ids. Throws when two share an id or one supersedes what is not there. */
export const readDecisions = (folder: string): ReadonlyArray<Decision> => {
  const files = readdirSync(folder)
    .filter((name) => name.startsWith("ADR-"))
    .sort()
  const decisions = files.map((name) => parseDecision(basename(name), readFileSync(join(folder, name), "utf8")))
  const byId = new Map(decisions.map((decision) => [decision.id, decision]))
  if (byId.size !== decisions.length) throw new Error("decisions: two records share an id")
  for (const { file, status, supersedes } of decisions) {
    for (const older of supersedes) {
      if (!byId.has(older)) throw new Error(`decisions/${file}: supersedes ${older}, which does not exist`)
      if (status === "accepted" && byId.get(older)?.status !== "superseded") {
        throw new Error(`decisions/${file}: ${older} must have the status superseded`)
      }
    }
  }
  return decisions
}

/** The criteria that hold today: those of accepted records. */
export const acceptedCriteria = (decisions: ReadonlyArray<Decision>): ReadonlyArray<Criterion> =>
  decisions.flatMap(({ criteria, status }) => (status === "accepted" ? criteria : []))

const listOf = (value: string) =>
  value
    .replace(/^\[|\]$/g, "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "")
