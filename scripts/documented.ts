/**
 * Refuses documents that name a command, a script of package.json or a flag that does not exist, or that link to what is not there, and
 * more words by hand than `mostWords`. Prints how many there are. Exit code 1 and a line for each mistake.
 */
import { spawnSync } from "node:child_process"
import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"

// What the command line and the scripts of this repository offer, as data: words that may follow each other, and flags.

interface CommandNode {
  readonly subcommands: ReadonlyMap<string, CommandNode>
  readonly flags: ReadonlySet<string>
}

interface Growing extends CommandNode {
  readonly subcommands: Map<string, Growing>
  readonly flags: Set<string>
}

const node = (): Growing => ({ subcommands: new Map(), flags: new Set() })

/**
 * From the program's own completion for Fish, which is made of its commands: each line names the words that come before, and then a flag
 * (`-l`) or a word (`-a`).
 */
export const commandTree = (completion: string): CommandNode => {
  const root = node()
  for (const line of completion.split("\n")) {
    const [, condition = "", rest = ""] = /^complete -c dueline -n '([^']*)' (.*)$/.exec(line) ?? []
    const path = [...condition.matchAll(/(not )?__fish_seen_subcommand_from ([\w-]+)/g)]
      .filter(([, not]) => not === undefined)
      .map(([, , name = ""]) => name)
    let at = root
    for (const name of path) {
      const next: Growing = at.subcommands.get(name) ?? node()
      at.subcommands.set(name, next)
      at = next
    }
    const flag = /(?:^| )-l ([\w-]+)/.exec(rest)?.[1]
    if (flag !== undefined) at.flags.add(flag)
    const word = /^-f -a '([a-z][a-z-]*)'/.exec(rest)?.[1]
    const namesWords =
      condition === "__fish_use_subcommand" || condition.includes("and not __fish_seen_subcommand_from")
    if (word !== undefined && namesWords && !at.subcommands.has(word)) at.subcommands.set(word, node())
  }
  return root
}

/**
 * The scripts of package.json. Their flags are looked for in the sources beside the file that the bootstrap runs: the name of an option, or
 * the flag itself.
 */
const scriptTree = (root: string): CommandNode => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>
  }
  const bootstrap = readFileSync(join(root, "scripts", "bootstrap.mjs"), "utf8")
  const tree = node()
  for (const name of Object.keys(scripts)) {
    const escaped = name.includes(":") ? `"${name}"` : name
    const file = new RegExp(`^ {2}${escaped}: \\["([^"]+\\.ts)"`, "m").exec(bootstrap)?.[1]
    const own = node()
    // One that lies among others speaks for itself; a main.ts has its folder.
    const sources =
      file === undefined ? [] : file.endsWith("main.ts") ? globSync(`${dirname(file)}/*.ts`, { cwd: root }) : [file]
    for (const source of sources) {
      const text = readFileSync(join(root, source), "utf8")
      for (const [, flag = ""] of text.matchAll(/--([a-z][a-z-]*)/g)) own.flags.add(flag)
      for (const [, flag = ""] of text.matchAll(/"?\b([a-z][a-z-]*)"?: \{ type: /g)) own.flags.add(flag)
    }
    tree.subcommands.set(name, own)
  }
  return tree
}

// Commands in Markdown that do not exist, or not with these flags. Prose is not looked at: only what is set as code.

interface Trees {
  readonly dueline: CommandNode
  /** `pnpm NAME` and `npm run NAME`. */
  readonly scripts: CommandNode
}

/** Global flags of the program and of `dueline call`, which no completion lists. */
const everywhere = new Set(["help", "json", "version", "completions", "server", "token"])
/** What pnpm and npm do themselves. */
const ofPackageManagers = new Set(["install", "exec", "add", "why"])
/** How the program's connections are called in the database's own lists: not commands. */
const connections = new Set(["writer", "edge", "worker"])

const starts = /(?:^|[\s$(`&|;])(?:(pnpm|npm run|npm)|(?:scripts\/)?dueline) +([^`|;&)#>\n]+)/g

/** One sentence for each. */
export const wrongCommands = (markdown: string, trees: Trees): ReadonlyArray<string> =>
  codeOf(markdown).flatMap((code) =>
    [...code.matchAll(starts)].flatMap(([, manager, rest = ""]) => {
      const words = rest.trim().split(/\s+/)
      const command = [manager ?? "dueline", ...words].join(" ")
      if (manager === undefined) return connections.has(words[0] ?? "") ? [] : problems(command, words, trees.dueline)
      if (ofPackageManagers.has(words[0] ?? "")) return []
      return problems(command, words, trees.scripts)
    })
  )

/** Fenced blocks by line, lines that go on put together; and what stands between backticks elsewhere. */
const codeOf = (markdown: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  const prose = markdown.replaceAll(/^```[^\n]*\n([^]*?)^```$/gm, (_, block: string) => {
    found.push(...block.replaceAll(/\\\n\s*/g, " ").split("\n"))
    return ""
  })
  for (const [, span = ""] of prose.matchAll(/`([^`\n]+)`/g)) found.push(span)
  return found
}

const problems = (command: string, words: ReadonlyArray<string>, root: CommandNode): ReadonlyArray<string> => {
  const found: Array<string> = []
  let [at, group] = [root, root]
  let list = false
  // A flag of a group is known to all of its commands.
  const flags = new Set(everywhere)
  for (const word of words) {
    const bare = word.replaceAll(/^\[|[\],…]+$/g, "")
    const flag = /^--([a-z][a-z-]*)/.exec(bare)?.[1]
    if (flag !== undefined) {
      for (const own of at.flags) flags.add(own)
      if (!flags.has(flag)) found.push(`\`${command}\`: there is no --${flag}`)
      if (flag === "completions") break
      continue
    }
    // A list of commands is written with commas: each is a word of the same group.
    const among = list ? group : at
    if (among.subcommands.size > 0 && /^[a-z][a-z:-]*$/.test(bare)) {
      const next = among.subcommands.get(bare)
      if (next === undefined) return [...found, `\`${command}\`: there is no ${bare}`]
      for (const own of among.flags) flags.add(own)
      ;[group, at] = [among, next]
    }
    list = word.endsWith(",")
  }
  return found
}

// Links and the length of what is written by hand.

const fenced = /^```[^\n]*\n[^]*?^```$/gm

/** As GitHub makes them of headings. */
const anchorsOf = (markdown: string): ReadonlyArray<string> =>
  [...markdown.replaceAll(fenced, "").matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-")
  )

/** One sentence for each link to a file or a heading of one that is not there. `read` answers null where there is no such file. */
export const wrongLinks = (
  document: string,
  markdown: string,
  read: (path: string) => string | null
): ReadonlyArray<string> =>
  [...markdown.replaceAll(fenced, "").matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(
    ([, path = "", anchor]) => {
      const file = path === "" ? document : normalize(join(dirname(document), path))
      const text = read(file)
      if (text === null) return [`${path} is not there`]
      return anchor === undefined || anchorsOf(text).includes(anchor) ? [] : [`${file} has no heading #${anchor}`]
    }
  )

/** Pages that scripts write. */
const generated = new Set(["docs/events.md", "docs/telemetry.md", "decisions/README.md"])
/** A little above what there is: what is said in two places is to be said in one. */
const mostWords = 34_990

/** Words that somebody wrote and somebody has to read: without front matter, which is criteria, and blocks of code, which tests run. */
export const wordsByHand = (markdown: string): number =>
  markdown
    .replace(/^---\n[^]*?\n---\n/, "")
    .replaceAll(fenced, "")
    .match(/\S+/g)?.length ?? 0

if (import.meta.main) {
  const root = join(import.meta.dirname, "..")
  const main = join(root, "packages", "dueline", "src", "main.ts")

  const completion = spawnSync(process.execPath, [main, "--completions", "fish"], { encoding: "utf8" })
  const trees = { dueline: commandTree(completion.stdout), scripts: scriptTree(root) }
  if (trees.dueline.subcommands.size === 0) {
    console.error(`the program does not say which commands it has:\n${completion.stderr}`)
    process.exitCode = 1
  }

  const documents = globSync(["README.md", "docs/**/*.md", "decisions/*.md", "packages/*/README.md"], { cwd: root })
  const read = (path: string) =>
    !existsSync(join(root, path)) ? null : path.endsWith(".md") ? readFileSync(join(root, path), "utf8") : ""
  let words = 0
  for (const document of documents.sort()) {
    const markdown = readFileSync(join(root, document), "utf8")
    if (!generated.has(document)) words += wordsByHand(markdown)
    for (const problem of [...wrongCommands(markdown, trees), ...wrongLinks(document, markdown, read)]) {
      console.error(`${document}: ${problem}`)
      process.exitCode = 1
    }
  }
  console.log(`${words.toLocaleString("en")} words by hand, ${mostWords.toLocaleString("en")} at the most`)
  if (words > mostWords) {
    console.error("the documents have more words by hand than they may: shorten what is said twice")
    process.exitCode = 1
  }
}
