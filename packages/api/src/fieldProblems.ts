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
    .map(({ message, path = [] }) => ({ path: pathOf(part, path), message: message.slice(0, maxMessage) }))

/** The same where the name of a field that does not exist may be personal too: it is not repeated, only where it stands. */
export const discreetProblems: typeof fieldProblems = (part, issue) =>
  format(issue)
    .issues.slice(0, maxProblems)
    .map(({ message, path = [] }) =>
      message === noSuchField
        ? { path: pathOf(part, path.slice(0, -1)), message: "holds a field that does not exist" }
        : { path: pathOf(part, path), message: message.slice(0, maxMessage) }
    )

export const unknownFields = (part: string, names: ReadonlyArray<string>): ReadonlyArray<FieldProblem> =>
  names.slice(0, maxProblems).map((name) => ({ path: `${part}.${name}`.slice(0, maxPath), message: noSuchField }))

const pathOf = (part: string, path: ReadonlyArray<Segment>): string =>
  [part, ...path.map(segment)].join(".").slice(0, maxPath)

const segment = (part: Segment): string => String(typeof part === "object" ? part.key : part)
