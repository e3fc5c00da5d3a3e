/** Holds docs/coverage.md against the tree: what its rows name is there, and no row is long. Exit code 1 and a line for each mistake. */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { acceptedCriteria, readDecisions } from "./Decision.ts"

/** The repository as the rows see it. */
export interface Tree {
  /** Paths of files from the top, with forward slashes. */
  readonly files: ReadonlyArray<string>
  readonly read: (path: string) => string
  /** Decisions and their criteria, e.g. `ADR-0026` and `ADR-0026.3`. */
  readonly decisions: ReadonlySet<string>
}

const longest = 300
const begins = /^((?:[A-Z]+-\d+)(?:, [A-Z]+-\d+)*) \S/u
const extensions = /\.(?:ts|mts|mjs|js|sql|json|md|yml|sh)$/u

/** One sentence for each mistake, with the line it is in. */
export const coverageProblems = (markdown: string, tree: Tree): ReadonlyArray<string> => {
  const find = finder(tree)
  const seen = new Set<string>()
  return markdown.split("\n").flatMap((line, index) => {
    const cells = line.split("|").slice(1, -1)
    const [aspect = "", ...rest] = cells.map((cell) => cell.trim())
    if (cells.length === 0 || /^(?:ID|-+)$/u.test(aspect)) return []
    const twice = seen.has(aspect)
    seen.add(aspect)
    return [
      ...(line.length > longest ? [`${line.length} characters, ${longest} at the most`] : []),
      ...(begins.test(aspect) ? [] : ["begins with no requirement and what of it is meant"]),
      ...(twice ? ["is there already"] : []),
      ...(rest.length === 2 || rest.length === 3 ? [] : ["has neither three nor four cells"]),
      ...(/^(?:done|part)\b/u.test(rest[2] ?? "done")
        ? []
        : ["has a note that begins neither with done nor with part"]),
      ...missingDecisions(line, tree),
      ...rest.flatMap((cell) => cellProblems(cell, find, tree))
    ].map((problem) => `docs/coverage.md:${index + 1} ${aspect}: ${problem}`)
  })
}

const missingDecisions = (line: string, { decisions }: Tree): ReadonlyArray<string> =>
  [...line.matchAll(/ADR-\d{4}(?:\.\d+)?/gu)]
    .filter(([id]) => !decisions.has(id))
    .map(([id]) => `there is no decision or criterion ${id}`)

/** `code`, *a sentence of a test*, or the target of a link. */
const token = /`([^`]+)`|\*([^*]+)\*|\]\(([^)]+)\)/gu

type Find = (name: string, folder: string) => { readonly paths: ReadonlyArray<string>; readonly top: string } | string

const cellProblems = (cell: string, find: Find, { files, read }: Tree): ReadonlyArray<string> => {
  let top = ""
  let last: ReadonlyArray<string> = []
  return [...cell.matchAll(token)].flatMap(([, name, sentence, link]): ReadonlyArray<string> => {
    if (link !== undefined) return files.includes(`docs/${link}`) ? [] : [`docs/${link} is not there`]
    if (sentence !== undefined) {
      if (last.length === 0) return [`no file before *${sentence}*`]
      return last.some((path) => holds(read(path), sentence)) ? [] : [`${last.join(", ")} has no *${sentence}*`]
    }
    if (name === undefined || !isPath(name)) return []
    const found = find(name, top)
    if (typeof found === "string") return [found]
    ;({ paths: last, top } = found)
    return []
  })
}

/** Commands have blanks, routes begin with a slash or a question mark, settings are in capitals. */
const isPath = (name: string): boolean => !/ |^[/?]|^[A-Z_]+$/u.test(name)

/** The sentence as it stands in the source, whatever the quotes, or over several lines; `…` stands for any words. */
const holds = (source: string, sentence: string): boolean => {
  const text = source.replaceAll(/["'`]\s*\+\s*["'`]/gu, "").replaceAll("\\", "")
  let from = 0
  return sentence.split("…").every((part) => {
    const at = text.indexOf(part.trim(), from)
    from = at + part.trim().length
    return at >= 0
  })
}

/**
 * Finds what a row calls a file: below a package or a folder at the top, any folders between left out (`nats/Topology`), or, without a slash
 * or below a folder only, in the package named before it in the cell.
 */
const finder = ({ files }: Tree): Find => {
  const tops = new Map<string, Array<string>>()
  const packages = new Set<string>()
  for (const file of files) {
    const [first = "", second = ""] = file.split("/")
    if (first === "packages") packages.add(second)
    const top = first === "packages" ? `${first}/${second}` : first
    tops.set(top, [...(tops.get(top) ?? []), file])
  }
  const topOf = (first: string) => (packages.has(first) ? `packages/${first}` : tops.has(first) ? first : undefined)
  return (name, before) => {
    const [first = "", ...rest] = name.split("/")
    const named = topOf(first)
    const top = named ?? before
    const asked = named === undefined ? name : rest.join("/")
    if (asked === "") return { top, paths: [] }
    const paths = matching(tops.get(top) ?? [], asked)
    // Of several files with one name the one that lies right in `src`, `test` or the folder is meant.
    const plain = paths.filter((path) =>
      [top, `${top}/src`, `${top}/test`].some((at) => nameless(path) === `${at}/${asked}`)
    )
    if (plain.length === 1) return { top, paths: plain }
    const one = paths.length === 1 || paths.every((path) => isBelow(path, asked))
    if (paths.length > 0) return one ? { top, paths } : ambiguous(name, paths)
    const base = asked.split("/").at(-1) ?? asked
    const elsewhere = matching(files, base)
    return `there is no \`${name}\`${elsewhere.length === 1 ? `; is it ${elsewhere.join()}?` : ""}`
  }
}

const ambiguous = (name: string, paths: ReadonlyArray<string>): string =>
  `\`${name}\` is more than one file: ${paths.slice(0, 4).join(", ")}`

/** Files called so, with or without what their names end in; else all files of a folder called so. */
const matching = (files: ReadonlyArray<string>, asked: string): ReadonlyArray<string> => {
  const called = files.filter((file) => [file, nameless(file)].some((path) => `/${path}`.endsWith(`/${asked}`)))
  return called.length > 0 ? called : files.filter((file) => isBelow(file, asked))
}

const nameless = (file: string): string => file.replace(extensions, "")
const isBelow = (file: string, folder: string): boolean => `/${file}`.includes(`/${folder}/`)

if (import.meta.main) {
  const root = join(import.meta.dirname, "..")
  const decisions = readDecisions(join(root, "decisions"))
  const problems = coverageProblems(readFileSync(join(root, "docs/coverage.md"), "utf8"), {
    files: globSync(["{packages,docs,decisions}/**/*.*", "scripts/**/{*.*,Dockerfile}", "docker-compose.yml"], {
      cwd: root,
      exclude: (name) => name === "node_modules"
    }),
    read: (path) => readFileSync(join(root, path), "utf8"),
    decisions: new Set([...decisions.map(({ id }) => id), ...acceptedCriteria(decisions).map(({ id }) => id)])
  })
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
}
