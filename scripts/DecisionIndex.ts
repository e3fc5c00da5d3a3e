/** The page decisions/README.md: every decision with its status and the number of its criteria, written by a script and never by hand. */
import type { Decision } from "./Decision.ts"

export const decisionIndex = (decisions: ReadonlyArray<Decision>): string => {
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
