/** Commands in Markdown that do not exist, or not with these flags. Prose is not looked at: only what is set as code. */
import type { CommandNode } from "./commandTree.ts"

export interface Trees {
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
