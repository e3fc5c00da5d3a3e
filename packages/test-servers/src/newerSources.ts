/**
 * The machine's own package source with another suite: nothing is known here about where packages come from, and what the machine
 * trusts (keys, mirrors, proxies) stays what it was.
 */

export interface SourceFile {
  /** Ends in `.sources` (paragraphs) or `.list` (one line each). */
  readonly path: string
  readonly text: string
}

/** A source file of the same form as the one it was made of, or undefined when the machine has no Debian source. */
export const newerSources = (files: ReadonlyArray<SourceFile>, suite: string): SourceFile | undefined => {
  for (const { path, text } of files) {
    const made = path.endsWith(".sources") ? fromParagraphs(text, suite) : fromLines(text, suite)
    if (made !== undefined) return { path: path.endsWith(".sources") ? "newer.sources" : "newer.list", text: made }
  }
  return undefined
}

const fromParagraphs = (text: string, suite: string): string | undefined => {
  const paragraphs = text
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#")))
  const found = paragraphs.find((lines) => {
    const [uris = "", suites = "", types = ""] = ["URIs", "Suites", "Types"].map((name) => field(lines, name))
    return isDebian(uris) && !isSecurity(`${uris} ${suites}`) && types.split(/\s+/).includes("deb") && isEnabled(lines)
  })
  return found
    ?.map((line) =>
      line
        .replace(/^Types:.*/i, "Types: deb")
        .replace(/^Suites:.*/i, `Suites: ${suite}`)
        .replace(/^Components:.*/i, "Components: main")
    )
    .join("\n")
    .concat("\n")
}

const field = (lines: ReadonlyArray<string>, name: string): string =>
  lines.find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))?.slice(name.length + 1) ?? ""

const isEnabled = (lines: ReadonlyArray<string>) => field(lines, "Enabled").trim().toLowerCase() !== "no"

const fromLines = (text: string, suite: string): string | undefined => {
  for (const line of text.split("\n")) {
    const [, options = "", uri = "", from = ""] = /^deb\s+(\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s/.exec(line) ?? []
    if (isDebian(uri) && !isSecurity(`${uri} ${from}`)) return `deb ${options}${uri} ${suite} main\n`
  }
  return undefined
}

/** Derived distributions have suites of other names: their sources are of no use here. */
const isDebian = (uris: string): boolean => /\/debian\/?(\s|$)/.test(uris)
const isSecurity = (text: string): boolean => text.includes("security")
