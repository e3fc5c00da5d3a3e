/** The published description of the messages that leave the system: one JSON Schema for each topic, and a page to read. */
import { jsonSchemaOf, schemaName } from "../packages/contracts/src/topics/jsonSchema.ts"
import { type Topic, topicNames, topics } from "../packages/contracts/src/topics/topics.ts"

const pretty = (value: unknown): string => JSON.stringify(value, null, 2)

const introduction = `# Events

What leaves the system by itself, and in which form. A message says what something is like after a fact: a listener needs nothing else
to keep a copy. This page and the schemas beside it are written by \`pnpm events --write\` from \`packages/contracts/src/topics\`; tests
fail when they differ from the code, when an example does not fit its schema, and when what the program says does not.

**How they come.** With NATS (\`DUELINE_NATS_URL\`), on the subject \`<prefix>.evt.<partition>.<tenant>.<topic>.<id>\`, dots of the
topic as underscores: all of one tenant is \`dl.evt.*.<tenant>.>\`, all of one topic is \`dl.evt.*.*.ops_bin_created.*\`
([queues.md](queues.md)). The body is JSON; the headers are \`Dueline-Event\` (the event's id), \`Dueline-Tenant\`,
\`Dueline-Stream\` (the id of the customer, bin, order or call) and \`Dueline-Topic\`. Without NATS the bus is inside the process, and
nobody outside hears it.

**What is promised.** A message is stored in the transaction of the fact it tells, so none is missing and none is invented. It comes at
least once: recognise a repeat by \`Dueline-Event\`. Those about one customer, bin, order or call come in the order of what happened;
where that cannot be seen, the greater \`version\` is newer. Two messages with the same version come from one decision, and say the same.

**Forms.** \`schemaVersion\` is in every message. Within a version fields may be added, so a reader ignores what it does not know;
anything else makes a new version, published beside the old one. Times are epoch milliseconds. Messages about customers say which parts of
a profile there are or changed, never what they hold: no message has personal data in it.
`

const linkTo = (topic: Topic, text: string): string => `[${text}](events/${schemaName(topic)}.json)`

const row = (topic: Topic): string => {
  const { version, when } = topics[topic]
  return `| [\`${topic}\`](#${topic.replaceAll(".", "")}) | ${when} | ${linkTo(topic, `v${version}`)} |`
}

const section = (topic: Topic): string => {
  const { example, when } = topics[topic]
  const schema = linkTo(topic, `${schemaName(topic)}.json`)
  return `## ${topic}\n\n${when} Schema: ${schema}.\n\n\`\`\`json\n${pretty(example)}\n\`\`\`\n`
}

const page = (): string => {
  const table = ["| Topic | When | Schema |", "| --- | --- | --- |", ...topicNames.map(row)]
  return [introduction, table.join("\n"), "", ...topicNames.map(section)].join("\n")
}

/** Contents by path below `docs/`. */
export const eventPages = (): ReadonlyMap<string, string> =>
  new Map([
    ["events.md", page()],
    ...topicNames.map((topic) => [`events/${schemaName(topic)}.json`, `${pretty(jsonSchemaOf(topic))}\n`] as const)
  ])
