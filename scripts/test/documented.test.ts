import { assert, describe, it } from "vitest"
import { commandTree, wordsByHand, wrongCommands, wrongLinks } from "../documented.ts"

const completion = `
complete -c dueline -n '__fish_use_subcommand' -f -a 'call' -d 'Calls'
complete -c dueline -n '__fish_use_subcommand' -f -a 'verify' -d 'Compare'
complete -c dueline -n '__fish_seen_subcommand_from call; and not __fish_seen_subcommand_from submit list' -f -a 'submit' -d 'One'
complete -c dueline -n '__fish_seen_subcommand_from call; and not __fish_seen_subcommand_from submit list' -f -a 'list' -d 'All'
complete -c dueline -n '__fish_seen_subcommand_from call; and __fish_seen_subcommand_from submit; and begin; end' -l url -d 'Where' -r
complete -c dueline -n '__fish_seen_subcommand_from call; and __fish_seen_subcommand_from submit' -f -a '--url' -d 'Where'
`
const trees = {
  dueline: commandTree(completion),
  scripts: {
    flags: new Set<string>(),
    subcommands: new Map([["gates", { flags: new Set(["list"]), subcommands: new Map() }]])
  }
}

describe("commands in documents", () => {
  it.each([
    "`dueline call submit --url http://x --json`",
    "`dueline call submit, list`",
    "`dueline call list`, `pnpm gates --list` and `npm run gates ADR-0001`",
    "```\n$ dueline call submit \\\n    --url http://x | dueline verify\npnpm install\n```",
    "dueline nothing --at-all, in prose",
    "`dueline writer` is a connection"
  ])("that exist are accepted: %j", (text) => assert.deepStrictEqual(wrongCommands(text, trees), []))

  it.each([
    ["`dueline call submitt`", "`dueline call submitt`: there is no submitt"],
    ["`dueline call submit, lost`", "`dueline call submit, lost`: there is no lost"],
    ["`dueline verify --fix`", "`dueline verify --fix`: there is no --fix"],
    ["`T=$(dueline tokens)`", "`dueline tokens`: there is no tokens"],
    [
      "```\n$ dueline call submit \\\n    --target http://x\n```",
      "`dueline call submit --target http://x`: there is no --target"
    ],
    ["`pnpm gate`", "`pnpm gate`: there is no gate"],
    ["`pnpm gates --lists`", "`pnpm gates --lists`: there is no --lists"]
  ])("that do not exist are named: %j", (text, problem) =>
    assert.deepStrictEqual(wrongCommands(text, trees), [problem])
  )
})

describe("links in documents", () => {
  const files: Readonly<Record<string, string>> = {
    "docs/a.md": "# A page\n\n## What it *has*, and more\n\n```\n# no heading\n```\n",
    "docs/a.webp": ""
  }
  const problems = (markdown: string) => wrongLinks("docs/a.md", markdown, (path) => files[path] ?? null)

  it.each([
    "[here](#a-page), [there](../docs/a.md#what-it-has-and-more), ![picture](a.webp), [web](https://example.com/x#y)",
    "```\n[code](nowhere.md)\n```"
  ])("to what is there are accepted: %j", (text) => assert.deepStrictEqual(problems(text), []))

  it.each([
    ["[gone](b.md)", "b.md is not there"],
    ["[outside](../README.md#x)", "../README.md is not there"],
    ["[heading](#no-heading)", "docs/a.md has no heading #no-heading"]
  ])("to what is not there are named: %j", (text, problem) => assert.deepStrictEqual(problems(text), [problem]))
})

describe("words by hand", () => {
  it.each([
    ["", 0],
    ["---\nid: ADR-0042\naccept:\n  ADR-0042.1: It holds.\n---\n\n# A hammer\n", 3],
    ["One two.\n\n```sh run\nls -l\n```\n\nthree `four`\n", 4]
  ])("are those outside of front matter and code: %j", (text, words) => assert.strictEqual(wordsByHand(text), words))
})
