/** What is wrong with a request, as a list of places and sentences. */
import type { FieldProblem } from "@dueline/contracts/api/Problem"
import { SchemaIssue } from "effect"

const noSuchField = "there is no such field"
const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => (issue._tag === "UnexpectedKey" ? noSuchField : SchemaIssue.defaultLeafHook(issue))
})
const maxProblems = 50
const maxMessage = 300
const maxPath = 200

type Segment = PropertyKey | { readonly key: PropertyKey }

/** `part` says which part of the request: `body`, `query`, `header` or `path`. */
export const fieldProblems = (part: string, issue: SchemaIssue.Issue): ReadonlyArray<FieldProblem> =>
  format(issue)
    .issues.slice(0, maxProblems)
    .map(({ message, path }) => ({
      path: [part, ...(path ?? []).map(segment)].join(".").slice(0, maxPath),
      message: message.slice(0, maxMessage)
    }))

export const unknownFields = (part: string, names: ReadonlyArray<string>): ReadonlyArray<FieldProblem> =>
  names.slice(0, maxProblems).map((name) => ({ path: `${part}.${name}`.slice(0, maxPath), message: noSuchField }))

const segment = (part: Segment): string => String(typeof part === "object" ? part.key : part)
