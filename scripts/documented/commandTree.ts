/** What the command line and the scripts of this repository offer, as data: words that may follow each other, and flags. */
import { globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

export interface CommandNode {
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
    const path = [...condition.matchAll(/(not )?__fish_seen_subcommand_from (\w+)/g)]
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
export const scriptTree = (root: string): CommandNode => {
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
