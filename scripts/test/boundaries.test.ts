import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import { categories } from "../../packages/contracts/src/kinds.ts"
import { boundaryProblems } from "../boundaries.ts"
import { parsePackageTable } from "../lintConfig.ts"

const root = join(import.meta.dirname, "..", "..")

interface Diagnostic {
  readonly code: string
  readonly filename: string
  readonly message: string
  readonly help?: string
}

const ours = /no-restricted-|no-cycle|no-barrel-file|unused-disable|Unused/u

/** What the linter refuses below `folder` by the rules about boundaries, as `file: rule`. */
const refusedIn = (folder: string): ReadonlyArray<string> => {
  const oxlint = join(root, "node_modules", ".bin", "oxlint")
  const { stderr, stdout } = spawnSync(oxlint, ["--format", "json"], { cwd: folder, encoding: "utf8", maxBuffer: 1e8 })
  assert.isTrue(stdout.startsWith("{"), stdout + stderr)
  const { diagnostics } = JSON.parse(stdout) as { readonly diagnostics: ReadonlyArray<Diagnostic> }
  return diagnostics
    .filter(({ code, message }) => ours.test(`${code} ${message}`))
    .map(({ code, filename, help = "", message }) => `${filename}: ${code} ${message} ${help}`)
}

const row = (folder: string, imports: string, reach: string) =>
  `| \`packages/${folder}\` | one thing | ${imports} | ${reach} |`
const architecture = [
  "| Folder | One responsibility | May import | May reach |",
  "| --- | --- | --- | --- |",
  row("contracts", "–", "`effect`"),
  row("orchestration", "`contracts`", "`effect`"),
  row("api", "`contracts`", "`effect`, `effect/http`, `undici`, `node:*`"),
  row("chaos", "everything", "`effect`, `node:*`"),
  row("program", "everything", "everything")
].join("\n")

const manifest = (folder: string, ...names: ReadonlyArray<string>) =>
  JSON.stringify({
    name: `@dueline/${folder}`,
    type: "module",
    exports: { "./*": "./src/*.ts" },
    dependencies: Object.fromEntries(names.map((name) => [name, "1"]))
  })
const manifests = {
  contracts: manifest("contracts", "effect"),
  orchestration: manifest("orchestration", "@dueline/contracts", "effect"),
  api: manifest("api", "@dueline/contracts", "effect", "undici"),
  chaos: manifest("chaos", "effect", "@dueline/api"),
  program: manifest("program", "anything")
}

const folders: Array<string> = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

/** A small workspace with this one's rules. */
const treeOf = (files: Readonly<Record<string, string>>): string => {
  const folder = mkdtempSync(join(tmpdir(), "boundaries-"))
  folders.push(folder)
  const all = {
    "package.json": `{"type":"module"}`,
    "oxlint.config.ts": readFileSync(join(root, "oxlint.config.ts"), "utf8").replace("./scripts/", `${root}/scripts/`),
    "docs/architecture.md": architecture,
    ...Object.fromEntries(Object.entries(manifests).map(([name, text]) => [`packages/${name}/package.json`, text])),
    ...files
  }
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  for (const name of Object.keys(manifests)) {
    const linked = join(folder, "node_modules", "@dueline", name)
    mkdirSync(dirname(linked), { recursive: true })
    symlinkSync(join(folder, "packages", name), linked)
  }
  return folder
}

type Case = readonly [folder: string, text: string]

/** Every case in a file of its own, all judged by one run of the linter. */
const judged = (cases: ReadonlyArray<Case>, more: Readonly<Record<string, string>> = {}) => {
  const paths = new Map(cases.map(([folder, text], index) => [text + folder, `${folder}/case${index}.ts`]))
  const tree = treeOf({
    ...Object.fromEntries(cases.map(([folder, text]) => [paths.get(text + folder) ?? "", `${text}\n`])),
    ...more
  })
  const refused = refusedIn(tree)
  const inFile = (path: string) => refused.filter((line) => line.startsWith(`${path}:`))
  return { inFile, judge: (folder: string, text: string) => inFile(paths.get(text + folder) ?? "") }
}

const contracts = "packages/contracts/src"
const api = "packages/api/src"
const bin = "packages/orchestration/src/aggregates"

const refusedImports: ReadonlyArray<Case> = [
  [contracts, `import { a } from "@dueline/api/A"`],
  [contracts, `import type { A } from "@dueline/api/A"`],
  [contracts, `export const a = () => import("@dueline/api/A")`],
  [contracts, `export { a } from "@dueline/api/A"`],
  [contracts, `import { a } from "../../api/src/A.ts"`],
  [api, `import { a } from "../test/A.ts"`],
  [api, `import { a } from "@dueline/api/B"`],
  [api, `import pg from "pg"`],
  [api, `import "undici/lib/client.js"`],
  [contracts, `import { a } from "./index.ts"`],
  ["packages/api/test", `import { a } from "@dueline/orchestration/A"`],
  ["packages/api/test", `import { a } from "vitest"`],
  ["packages/api/test", `import { a } from "../../contracts/src/A.ts"`],
  ["packages/api/test/deeper", `import { a } from "../../../contracts/test/A.ts"`],
  ["packages/api/test", `import { a } from "../../../scripts/A.ts"`]
]
const acceptedImports: ReadonlyArray<Case> = [
  [api, `import { a } from "@dueline/contracts/A"`],
  [api, `import { a } from "@dueline/contracts/deeper/A"`],
  [api, `import { Client } from "undici"`],
  [api, `import { readFile } from "node:fs/promises"`],
  [api, `import { a } from "./deeper/A.ts"`],
  [`${api}/deeper`, `import { a } from "../A.ts"`],
  [
    "packages/api/test",
    `import { a } from "@dueline/contracts/A"; import { b } from "../src/B.ts"; import "effect/testing"`
  ],
  ["packages/api/test", `import { a } from "@dueline/api/A"; import "node:fs/promises"`],
  ["packages/api/test/deeper", `import { a } from "../A.ts"; import { b } from "../../src/B.ts"`],
  ["packages/program/src", `import pg from "pg"; import "@dueline/api/A"; import "pg/lib/x"`]
]
const refusedModules: ReadonlyArray<Case> = [
  [contracts, `import { HttpRouter } from "effect/http"`],
  [contracts, `import * as HttpRouter from "effect/http/HttpRouter"`],
  [contracts, `import { SqlClient } from "effect/sql"`],
  [contracts, `import { FileSystem } from "effect"`],
  [contracts, `import * as Path from "effect/Path"`],
  [contracts, `import { get } from "node:http"`]
]
const acceptedModules: ReadonlyArray<Case> = [
  [api, `import { HttpRouter } from "effect/http"`],
  [api, `import * as HttpRouter from "effect/http/HttpRouter"`],
  [contracts, `import * as Schema from "effect/Schema"`],
  [contracts, `import { Effect, Schema } from "effect"`],
  ["scripts", `import "@effect/platform-node/NodeRuntime"`]
]
const absorbedModules: ReadonlyArray<Case> = [
  "@effect/platform",
  "@effect/schema/Schema",
  "@effect/sql",
  "@effect/cli",
  "effect/unstable/http"
].flatMap((name) =>
  ["scripts", "packages/api/test", "packages/program/src"].map((at) => [at, `import "${name}"`] as const)
)
const reads: ReadonlyArray<Case> = [
  "Date.now()",
  "performance.now()",
  "Math.random()",
  "setTimeout(f, 1)",
  "setInterval(f, 1)",
  "globalThis.setTimeout(f, 1)",
  "crypto.randomUUID()",
  "process.hrtime.bigint()",
  `import { randomUUID } from "node:crypto"`,
  `import * as crypto from "node:crypto"`,
  `import { setTimeout as sleep } from "node:timers/promises"`,
  "const { now } = { now: Date.now }"
].map((text) => [api, text])
const noReads: ReadonlyArray<Case> = [
  ...[
    "new Date(0)",
    "Date.UTC(2026, 1)",
    "({ setTimeout: 1 })",
    "socket.setTimeout(1)",
    "// Date.now()",
    `"Math.random()"`
  ].map((text): Case => [api, text]),
  ["packages/api/test", "Date.now()"],
  ["packages/chaos/src", "Date.now()"],
  [api, "// oxlint-disable-next-line eslint/no-restricted-properties -- the edge\nDate.now()"]
]
const impure: ReadonlyArray<Case> = [
  `import { Effect } from "effect"`,
  `import { type Clock, Schema } from "effect"`,
  `import * as Effect from "effect/Effect"`,
  `import { DateTime } from "effect"`,
  `import { readFileSync } from "node:fs"`,
  `import { Timer } from "@dueline/contracts/ports/Timer"`,
  `import { run } from "../engine/Writer.ts"`,
  "const at = new Date(0)",
  "fetch(url)",
  "Math.random()"
].map((text) => [bin, text])
const plain: Case = [
  bin,
  `import { Result, Schema } from "effect"
import * as Option from "effect/Option"
import { Event } from "@dueline/contracts/bin/Bin"
import type { Aggregate } from "../engine/Aggregate.ts"
import { evolve } from "./State.ts"`
]

const { inFile, judge } = judged(
  [
    ...refusedImports,
    ...acceptedImports,
    ...refusedModules,
    ...acceptedModules,
    ...absorbedModules,
    ...reads,
    ...noReads,
    ...impure,
    plain,
    [api, "// oxlint-disable-next-line eslint/no-restricted-properties -- the edge\nDate.UTC(1)"]
  ],
  {
    [`${bin}/decide.ts`]: "export const decide = 1\n",
    [`${contracts}/barrel.ts`]: `export * from "./Ring.ts"\n`,
    [`${contracts}/Ring.ts`]: `import { b } from "@dueline/orchestration/Ring"\nexport const a = () => b\n`,
    "packages/orchestration/src/Ring.ts": `import { c } from "./Third.ts"\nexport const b = () => c\n`,
    "packages/orchestration/src/Third.ts": `import { a } from "@dueline/contracts/Ring"\nexport const c = () => a\n`,
    [`${contracts}/Open.ts`]: `import { b } from "./Types.ts"\nexport const a = () => b\n`,
    [`${contracts}/Types.ts`]: `import type { a } from "./Open.ts"\nexport const b: typeof a = () => 1\n`
  }
)

describe("this workspace", () => {
  const refused = refusedIn(root)
  const about = (pattern: RegExp) => refused.filter((line) => pattern.test(line))

  it("imports only what its table allows, and declares that", { tags: ["ADR-0001.1"] }, () => {
    assert.deepStrictEqual(about(/no-restricted-imports/u), [])
    assert.deepStrictEqual(boundaryProblems(root), [])
  })

  it(
    "imports nothing that Effect took into itself, and unstable modules only where they are owned",
    { tags: ["ADR-0010.1"] },
    () => assert.deepStrictEqual(about(/no-restricted-imports/u), [])
  )

  it("reads clock and dice through Effect", { tags: ["ADR-0011.1"] }, () =>
    assert.deepStrictEqual(about(/no-restricted-|[Uu]nused/u), [])
  )

  it("breaks no other boundary", () => assert.deepStrictEqual(refused, []))
})

describe("the table of packages", { tags: ["ADR-0001.1"] }, () => {
  it.each(refusedImports)("refuses in %s: %s", (folder, text) => assert.isNotEmpty(judge(folder, text)))

  it.each(acceptedImports)("lets pass in %s: %s", (folder, text) => assert.deepStrictEqual(judge(folder, text), []))

  it("is missed when it is gone", () => assert.throws(() => parsePackageTable("# Architecture"), /missing/))

  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ["a package that it does not name", { "packages/utils/package.json": "{}" }, /^packages\/utils has no row/],
    [
      "a package that is not there",
      { "docs/architecture.md": `${architecture}\n${row("gone", "–", "–")}` },
      /^packages\/gone is/
    ],
    [
      "a dependency that it does not allow",
      { "packages/contracts/package.json": manifest("contracts", "effect", "pg") },
      /: pg is not/
    ],
    [
      "one on another package",
      { "packages/contracts/package.json": manifest("contracts", "effect", "@dueline/api") },
      /@dueline\/api is not/
    ],
    [
      "a dependency that is not declared",
      { "packages/api/package.json": manifest("api", "effect", "undici") },
      /contracts is in .* not declared/
    ],
    [
      "a package that is part of effect now",
      { "packages/program/package.json": manifest("program", "@effect/platform") },
      /part of effect now/
    ],
    ["the present moment", { "packages/api/src/now.ts": "export const now = new Date()" }, /new Date\(\)/],
    ["a stranger at the top", { "notes.txt": "" }, /^notes.txt does not belong/]
  ])("and manifests agree: refused is %s", (_, files, expected) => {
    const problems = boundaryProblems(treeOf(files))
    assert.lengthOf(problems, 1)
    assert.match(problems[0] ?? "", expected)
  })

  it("and a tree that agrees is let pass", () => assert.deepStrictEqual(boundaryProblems(treeOf({})), []))
})

describe("modules of Effect", { tags: ["ADR-0010.1"] }, () => {
  it.each(refusedModules)("are refused outside the packages that own them: %s: %s", (folder, text) =>
    assert.isNotEmpty(judge(folder, text))
  )

  it.each(acceptedModules)("are allowed to their owners, stable ones to everyone: %s: %s", (folder, text) =>
    assert.deepStrictEqual(judge(folder, text), [])
  )

  it.each(absorbedModules)("that used to be packages are refused everywhere: %s: %s", (folder, text) =>
    assert.isNotEmpty(judge(folder, text))
  )
})

describe("the clock and the dice", { tags: ["ADR-0011.1"] }, () => {
  it.each(reads)("are not read directly: %s: %s", (folder, text) => assert.isNotEmpty(judge(folder, text)))

  it.each(noReads)("are not seen where they are not read, or may be: %s: %s", (folder, text) =>
    assert.deepStrictEqual(judge(folder, text), [])
  )

  it("may be read where an exemption says why, until it is not needed any more", () =>
    assert.isNotEmpty(
      judge(api, "// oxlint-disable-next-line eslint/no-restricted-properties -- the edge\nDate.UTC(1)")
    ))
})

describe("an aggregate", () => {
  it.each(impure)("is refused in %s: %s", (folder, text) => assert.isNotEmpty(judge(folder, text)))

  it("of every kind there is stands in the folder with that rule", () => {
    const list = readFileSync(join(root, "packages/orchestration/src/aggregates.ts"), "utf8")
    const sources = new Set(Array.from(list.matchAll(/from "(\.\/aggregates\/[^"]+)"/gu), ([, source]) => source))
    assert.strictEqual(sources.size, categories.length)
  })

  it("is plain functions over plain data", () => assert.deepStrictEqual(judge(...plain), []))
})

describe("files", () => {
  it("that only hand on others are refused", () => assert.isNotEmpty(inFile(`${contracts}/barrel.ts`)))

  it("do not import each other in circles, across packages either", () =>
    assert.isNotEmpty(inFile(`${contracts}/Ring.ts`)))

  it("may import each other's types", () => assert.deepStrictEqual(inFile(`${contracts}/Types.ts`), []))
})
