/**
 * Shows or writes the description of messages that leave the system, and of payloads that come in: `pnpm events [--write]`. Exit code 1 when the
 * files differ.
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { payloadSchema, payloadSchemaName } from "../packages/contracts/src/ingestion/DropbinEndpoints.ts"
import { jsonSchemaOf, schemaName, type Topic, topicNames, topics } from "../packages/contracts/src/topics/topics.ts"

const pretty = (value: unknown): string => JSON.stringify(value, null, 2)

const introduction = `# Events

What the program publishes. A message holds the state after a fact, so a subscriber needs nothing else to keep a copy. This page and its schemas are written by
\`pnpm events --write\` from \`packages/contracts/src/topics\`; tests compare them with the code and with what the program sends.

**Transport.** NATS, on the subjects in [queues.md](queues.md). The body is JSON; headers are \`Dueline-Event\` (the event's id), \`Dueline-Tenant\`, \`Dueline-Stream\` (the id of the
aggregate) and \`Dueline-Topic\`. Without NATS messages stay in the process.

**Guarantees.** A message is stored in the transaction of its fact and delivered at least once: recognise a repeat by \`Dueline-Event\`. Messages of one aggregate come in order;
the greater \`version\` is newer, and equal versions come from one decision and hold the same.

**Forms.** Every message has \`schemaVersion\`. Within a version fields may be added; any other change is a new version, published beside the old one. Times are epoch
milliseconds. No message holds personal data: those of customers name the parts of a profile, not their contents.

Each topic, with its JSON Schema:
`

const linkTo = (topic: Topic, text: string): string => `[${text}](events/${schemaName(topic)}.json)`

const line = (topic: Topic): string => {
  const { version, when } = topics[topic]
  return `- \`${topic}\` (${linkTo(topic, `v${version}`)}): ${when}`
}

/** Topics whose messages have the same fields, by these: one example shows them all. */
const forms = (): ReadonlyArray<ReadonlyArray<Topic>> => [
  ...Map.groupBy(topicNames, (topic) => Object.keys(topics[topic].example as object).join()).values()
]

const section = ([first, ...others]: ReadonlyArray<Topic>): string => {
  if (first === undefined) return ""
  const same = others.map((topic) => `\`${topic}\``).join(", ")
  const example = `\`\`\`json\n${pretty(topics[first].example)}\n\`\`\`\n`
  return `## ${first}\n\n${example}${same === "" ? "" : `\nThe same fields: ${same}.\n`}`
}

const page = (): string => {
  return [introduction, topicNames.map(line).join("\n"), "", ...forms().map(section)].join("\n")
}

/** Contents by path below `docs/`. */
const eventPages = (): ReadonlyMap<string, string> =>
  new Map([
    ["events.md", page()],
    ...topicNames.map((topic) => [`events/${schemaName(topic)}.json`, `${pretty(jsonSchemaOf(topic))}\n`] as const),
    [`payloads/${payloadSchemaName}.json`, `${pretty(payloadSchema())}\n`]
  ])

const help = `usage: pnpm events [--write]

Compares docs/events.md, docs/events/ and docs/payloads/ with the code and names the files that differ.

  --write   writes them
  --help    this text
`
const docs = join(import.meta.dirname, "..", "docs")

const read = (path: string): string | null => {
  try {
    return readFileSync(join(docs, path), "utf8")
  } catch {
    return null
  }
}

/** Files below `docs/` that are missing, different, or there without a topic. */
export const staleEventPages = (): ReadonlyArray<string> => {
  const pages = eventPages()
  const stale = [...pages].filter(([path, text]) => read(path) !== text).map(([path]) => path)
  const strangers = globSync(["events/*", "payloads/*"], { cwd: docs }).filter((path) => !pages.has(path))
  return [...stale, ...strangers].sort()
}

const write = (): void => {
  const pages = eventPages()
  for (const folder of ["events", "payloads"]) mkdirSync(join(docs, folder), { recursive: true })
  for (const path of staleEventPages()) {
    const text = pages.get(path)
    if (text === undefined) rmSync(join(docs, path))
    else writeFileSync(join(docs, path), text)
  }
}

const main = (): number => {
  const { values } = parseArgs({ options: { write: { type: "boolean" }, help: { type: "boolean" } } })
  if (values.help === true) {
    console.log(help)
    return 0
  }
  const stale = staleEventPages()
  for (const path of stale) console.log(`${values.write === true ? "written" : "out of date"}: docs/${path}`)
  if (values.write === true) write()
  return values.write === true || stale.length === 0 ? 0 : 1
}

if (import.meta.main) process.exitCode = main()
