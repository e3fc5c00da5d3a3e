/** What a schema finds wrong, as a list of places and sentences. */
import type { FieldProblem } from "@dueline/contracts/api/Problem"
import { SchemaIssue } from "effect"

const format = SchemaIssue.makeFormatterStandardSchemaV1()
const maxProblems = 50
const maxMessage = 300

type Segment = PropertyKey | { readonly key: PropertyKey }

/** `part` says which part of the request: `body`, `query`, `header` or `path`. */
export const fieldProblems = (part: string, issue: SchemaIssue.Issue): ReadonlyArray<FieldProblem> =>
  format(issue)
    .issues.slice(0, maxProblems)
    .map(({ message, path }) => ({
      path: [part, ...(path ?? []).map(segment)].join(".").slice(0, maxMessage),
      message: message.slice(0, maxMessage)
    }))

const segment = (part: Segment): string => String(typeof part === "object" ? part.key : part)
