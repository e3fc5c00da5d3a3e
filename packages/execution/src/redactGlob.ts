/** Strikes one tenant's pattern out of a text: literal parts with `*` between them, found without any backtracking. */
import { mark } from "./secretShapes.ts"

interface Span {
  readonly from: number
  readonly to: number
}

/**
 * The first occurrence in `line` at or after `from`. The parts are looked up one after the other, each as early as it stands: with
 * gaps of any length that finds an occurrence whenever there is one.
 */
const find = (line: string, parts: ReadonlyArray<string>, from: number): Span | null => {
  let start = -1
  let at = from
  for (const part of parts) {
    if (part === "") continue
    const found = line.indexOf(part, at)
    if (found === -1) return null
    if (start === -1) start = found
    at = found + part.length
  }
  if (start === -1) return null
  // A star at an end reaches to the end of the word there.
  if (parts[0] === "") start = Math.max(from, line.lastIndexOf(" ", start) + 1)
  const space = parts.at(-1) === "" ? line.indexOf(" ", at) : at
  return { from: start, to: space === -1 ? line.length : space }
}

const inLine = (line: string, parts: ReadonlyArray<string>): string => {
  const lower = line.toLowerCase()
  // Some letters change their length with their case (İ); then positions would not match, so the line is judged as it stands.
  const text = lower.length === line.length ? lower : line
  let shown = ""
  let at = 0
  for (let span = find(text, parts, 0); span !== null; span = find(text, parts, at)) {
    shown += line.slice(at, span.from) + mark
    at = span.to
  }
  return shown + line.slice(at)
}

export const redactGlob = (text: string, pattern: string): string => {
  const parts = pattern.toLowerCase().split("*")
  return text
    .split("\n")
    .map((line) => inLine(line, parts))
    .join("\n")
}
