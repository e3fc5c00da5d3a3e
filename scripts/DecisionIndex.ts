/** The page decisions/README.md: every decision with its status and criteria, written by a script and never by hand. */
import type { Decision } from "./Decision.ts"

export const decisionIndex = (decisions: ReadonlyArray<Decision>): string => {
  const rows = decisions.map(
    ({ criteria, file, id, status, title }) => `| [${id}](${file}) | ${title} | ${status} | ${criteria.length} |`
  )
  const gates = decisions.map(({ criteria, id, status, title }) => {
    const held = status === "accepted" ? "" : ` (${status}: not held to it)`
    return `## ${id}: ${title}${held}\n\n${criteria.map((each) => `- \`${each.id}\` ${each.sentence}`).join("\n")}\n`
  })
  return `# Decisions

Each record answers one question and says what would prove the answer wrong: its criteria. Tests carry the criteria as tags.
A gate is green when every criterion of its record has a test and all of them passed; nobody can set it by hand.

- \`pnpm gates\` runs the tests behind every gate and reports; \`pnpm gates ADR-0006\` runs one; \`pnpm gates --list\` only lists.
- \`npm test\` fails when a criterion of an accepted record is without a passing test.
- A superseded record stays, and is no longer held to. Numbers that are missing here are kept for decisions not yet taken.

This page is written by \`node scripts/gates.ts --index\`; \`pnpm check\` fails when it is out of date.

| Record | Decision | Status | Criteria |
| --- | --- | --- | ---: |
${rows.join("\n")}

${gates.join("\n")}`
}
