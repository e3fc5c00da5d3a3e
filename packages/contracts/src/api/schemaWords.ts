/** What a schema finds wrong, in words for whoever wrote the value: what is expected there, never how it is checked. */
import { SchemaIssue } from "effect"

export const noSuchField = "there is no such field"

/** How checks are told that have no words of their own, in the framework's words made plain. */
const plain = (expected: string): string =>
  expected.includes("RegExp")
    ? "another form"
    : expected.replace(/\b1 code points\b/u, "1 character").replaceAll("code points", "characters")

type Annotated = { readonly annotations?: Readonly<Record<string, unknown>> | undefined }

const annotation = ({ annotations }: Annotated, name: string): string | undefined => {
  const value = annotations?.[name]
  return typeof value === "string" ? value : undefined
}

/**
 * A filter that says itself what is wrong is believed. Else `expected` or, for patterns, `description` says what is expected: `Expected …`.
 */
const checkHook: SchemaIssue.CheckHook = (issue) => {
  if (issue.issue._tag !== "InvalidValue") return undefined
  const own = annotation(issue.issue, "message") ?? annotation(issue.filter, "message")
  if (own !== undefined) return own
  const ofIssue = annotation(issue.issue, "expected")
  if (ofIssue !== undefined) return undefined
  const expected = annotation(issue.filter, "expected")
  const description = annotation(issue.filter, "description")
  if (description !== undefined && (expected === undefined || expected.includes("RegExp")))
    return `Expected ${description}`
  return expected === undefined ? undefined : `Expected ${plain(expected)}`
}

const leafHook: SchemaIssue.LeafHook = (issue) => {
  if (issue._tag === "UnexpectedKey") return noSuchField
  if (issue._tag === "MissingKey") return "is missing and has to be given"
  return SchemaIssue.defaultLeafHook(issue)
}

/** Every issue with its path. */
export const schemaWords = SchemaIssue.makeFormatterStandardSchemaV1({ leafHook, checkHook })
