/**
 * Lets stack traces of the program put together (ADR-0023) name the sources it was put together of. Node can do so itself
 * (`--enable-source-maps`), but reads the map of every file as it loads it, which costs a start a third of its time. Here a map is read when
 * a stack is first asked for that goes through its file, once for each: some ten milliseconds, more for the largest. Few errors are ever
 * asked for theirs.
 */
import { readFileSync } from "node:fs"
import { SourceMap, type SourceMapPayload } from "node:module"
import { dirname, resolve } from "node:path"
import { fileURLToPath } from "node:url"

type Maps = Map<string, SourceMap | null>

/** Null when there is none that can be read: then the frame stays as it is. */
const mapOf = (maps: Maps, file: string): SourceMap | null => {
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

const frame = (maps: Maps, folder: string, site: NodeJS.CallSite): string => {
  const [text, url, line, column] = [String(site), site.getFileName(), site.getLineNumber(), site.getColumnNumber()]
  if (typeof url !== "string" || !url.startsWith("file:") || line === null || column === null) return text
  const file = fileURLToPath(url)
  if (dirname(file) !== folder) return text
  // Lines and columns of a stack begin with 1, those of a map with 0.
  const entry = mapOf(maps, file)?.findEntry(line - 1, column - 1)
  if (entry === undefined || !("originalSource" in entry)) return text
  const source = resolve(folder, entry.originalSource)
  return text.replace(`${url}:${line}:${column}`, `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`)
}

/**
 * Once, for all errors of this process. `folder` holds the files put together, with their maps beside them. Errors without a message are
 * left alone: nobody reads them. Effect makes two of them at each start, to see from their stacks how functions are named.
 */
export const nameSources = (folder: string): void => {
  const maps: Maps = new Map()
  Error.prepareStackTrace = (error, sites) => {
    const frames = error.message === "" ? sites.map(String) : sites.map((site) => frame(maps, folder, site))
    return `${Error.prototype.toString.call(error)}${frames.map((text) => `\n    at ${text}`).join("")}`
  }
}
