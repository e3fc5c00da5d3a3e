/** What is wrong with a request, as a list of places and sentences. */
import type { FieldProblem } from "@dueline/contracts/api/Problem"
import { changesItsValue, holdsInexact } from "@dueline/contracts/api/exactNumber"
import { noSuchField, schemaWords } from "@dueline/contracts/api/schemaWords"
import type { SchemaIssue } from "effect"

const maxProblems = 50
const maxMessage = 300
const maxPath = 200

type Segment = PropertyKey | { readonly key: PropertyKey }

/**
 * `part` says which part of the request: `body`, `query`, `header` or `path`. `value`: what was decoded, where it is JSON.
 */
export const fieldProblems = (part: string, issue: SchemaIssue.Issue, value?: unknown): ReadonlyArray<FieldProblem> =>
  told(issue, value).map(({ message, path }) => ({ path: pathOf(part, path), message }))

const discreetProblems: typeof fieldProblems = (part, issue, value) =>
  told(issue, value).map(({ message, path }) =>
    message === noSuchField
      ? { path: pathOf(part, path.slice(0, -1)), message: "holds a field that does not exist" }
      : { path: pathOf(part, path), message }
  )

/** How is told what is wrong with a body. */
export interface Telling {
  readonly issues: typeof fieldProblems
  /** `place`: of a name that its object has twice. */
  readonly repeated: (part: string, place: ReadonlyArray<string | number>) => FieldProblem
}

export const inFull: Telling = {
  issues: fieldProblems,
  repeated: (part, place) => ({ path: pathOf(part, place), message: "is there twice in one object: send it once" })
}

/** Where the name of a field may be personal too: it is not repeated, only where it stands. */
export const discreetly: Telling = {
  issues: discreetProblems,
  repeated: (part, place) => ({
    path: pathOf(part, place.slice(0, -1)),
    message: "holds a name twice in one object: send each once"
  })
}

/** The framework's words for a parameter that is a number. */
const numeral = "a string representing a finite number"

interface Told {
  readonly path: ReadonlyArray<Segment>
  readonly message: string
}

/** A number that was taken out because it would change has one fault, however many checks it does not pass. */
const told = (issue: SchemaIssue.Issue, value: unknown): ReadonlyArray<Told> => {
  const found: Array<Told> = []
  const inexact = new Set<string>()
  for (const { message, path = [] } of schemaWords(issue).issues) {
    if (found.length === maxProblems) break
    if (!holdsInexact(at(value, path))) {
      found.push({ path, message: message.replace(numeral, "a number").slice(0, maxMessage) })
      continue
    }
    const place = pathOf("", path)
    if (!inexact.has(place)) found.push({ path, message: changesItsValue })
    inexact.add(place)
  }
  return found
}

/** A parameter that is there twice arrives as a list, which none of them is. */
const repeated = "is given more than once: give it once"

/** Of a query or headers, whose names may each be there once. */
export const parameterProblems = (
  part: string,
  issue: SchemaIssue.Issue,
  given: unknown
): ReadonlyArray<FieldProblem> =>
  told(issue, undefined).map(({ message, path }) => ({
    path: pathOf(part, path),
    message: Array.isArray(at(given, path)) && message === "Expected string" ? repeated : message
  }))

const at = (value: unknown, path: ReadonlyArray<Segment>): unknown =>
  path.reduce<unknown>(
    (each, part) =>
      typeof each === "object" && each !== null
        ? (each as Readonly<Record<string, unknown>>)[segment(part)]
        : undefined,
    value
  )

export const unknownFields = (part: string, names: ReadonlyArray<string>): ReadonlyArray<FieldProblem> =>
  names.slice(0, maxProblems).map((name) => ({ path: `${part}.${name}`.slice(0, maxPath), message: noSuchField }))

const pathOf = (part: string, path: ReadonlyArray<Segment>): string =>
  [part, ...path.map(segment)].join(".").slice(0, maxPath)

const segment = (part: Segment): string => String(typeof part === "object" ? part.key : part)
