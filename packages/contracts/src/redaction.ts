/** What a tenant wants struck out of everything that is kept in clear, and whether requests of calls that failed are kept. */
import { Schema } from "effect"

/** Of a tenant; the installation has as many of its own. */
export const maxPatterns = 32
export const maxPatternLength = 256

/** Before the name of a field, header or parameter whose value is struck out. */
export const fieldPrefix = "field:"

const name = /^[A-Za-z0-9_.-]{1,128}$/u

const isPattern = (text: string): boolean =>
  text.startsWith(fieldPrefix)
    ? name.test(text.slice(fieldPrefix.length))
    : !/[\r\n]/u.test(text) && text.replaceAll(/[*\s]/gu, "").length >= 2

/**
 * Not a regular expression, so that no text takes long to be looked through: a text in which `*` stands for anything on one line, or `field:` and
 * a name. Upper and lower case are the same. One that would strike out nearly everything is refused.
 */
export const RedactionPattern = Schema.String.check(
  Schema.isMaxLength(maxPatternLength),
  Schema.makeFilter(
    (text: string) =>
      isPattern(text) ||
      "is neither `field:` and a name of letters, digits, _, . and -, nor a text on one line with at least two characters besides * and blanks"
  )
)

/** Whether a call that failed keeps its request, sealed, so that it can be run again. One that succeeded or was cancelled never does. */
export const FailedRequests = Schema.Literals(["keep", "drop"])
export type FailedRequests = typeof FailedRequests.Type

export interface Redaction {
  readonly patterns: ReadonlyArray<string>
  readonly failedRequests: FailedRequests
}

export const noRedaction: Redaction = { patterns: [], failedRequests: "keep" }
