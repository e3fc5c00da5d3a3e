/**
 * Lets stack traces of the program put together (ADR-0023) name the sources it was put together of. Node can do so itself
 * (`--enable-source-maps`), but reads the map of every file as it loads it, which costs a start a third of its time. And a function of ours
 * in `Error.prepareStackTrace` would run for every error whose stack is read, which Node does with each socket that ends with an error. So a
 * text is changed when it is about to be shown: a map is read when a trace through its file is shown first, once for each, in some ten
 * milliseconds.
 */
import { readFileSync } from "node:fs"
import { SourceMap, type SourceMapPayload } from "node:module"
import { dirname, resolve } from "node:path"
import { fileURLToPath } from "node:url"

/** Null for a file whose map cannot be read: then its frames stay as they are. */
const maps = new Map<string, SourceMap | null>()
/** That of the files put together, with their maps beside them; null where the program is its sources. */
let folder: string | null = null

const mapOf = (file: string): SourceMap | null => {
  const known = maps.get(file)
  if (known !== undefined) return known
  let map: SourceMap | null = null
  try {
    map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, "utf8")) as SourceMapPayload)
  } catch {
    // A trace is no place to fail.
  }
  maps.set(file, map)
  return map
}

const place = /(file:\/\/[^\s():]+\.mjs):(\d+):(\d+)/gu

/** The text with places in sources instead of those in the files put together. */
export const withSources = (text: string): string => {
  const at = folder
  if (at === null) return text
  return text.replaceAll(place, (whole: string, url: string, line: string, column: string) => {
    const file = fileURLToPath(url)
    if (dirname(file) !== at) return whole
    // Lines and columns of a stack begin with 1, those of a map with 0.
    const entry = mapOf(file)?.findEntry(Number(line) - 1, Number(column) - 1)
    if (entry === undefined || !("originalSource" in entry)) return whole
    return `${resolve(at, entry.originalSource)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
  })
}

/** Once: what is logged goes through `withSources`, and so does what Node prints of an error that ends the process. */
export const nameSources = (ofFiles: string): void => {
  folder = ofFiles
  process.on("uncaughtExceptionMonitor", (error) => {
    if (error instanceof Error && error.stack !== undefined) error.stack = withSources(error.stack)
  })
}
