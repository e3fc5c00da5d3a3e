/**
 * What oxlint refuses: what may import what, as the table in docs/architecture.md says; circles and barrels; reads of the machine's clock and
 * random numbers; and its own rules. An exemption stands in the source with its reason, and is refused when nothing needs it any more.
 */
import type { OxlintConfig, OxlintOverride } from "oxlint"
import { globSync, readFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"

/** One row. `reach` holds module names outside the workspace; a trailing `*` stands for any ending. */
export interface PackageRow {
  readonly folder: string
  readonly imports: ReadonlyArray<string> | "everything"
  readonly reach: ReadonlyArray<string> | "everything"
}

export type PackageTable = ReadonlyMap<string, PackageRow>

/** Reads the table headed `Folder | One responsibility | May import | May reach`. Throws when it is not there. */
export const parsePackageTable = (markdown: string): PackageTable => {
  const rows = new Map<string, PackageRow>()
  for (const line of markdown.split("\n")) {
    const [folder, , imports, reach] = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim())
    const name = /^`packages\/([\w-]+)`$/.exec(folder ?? "")?.[1]
    if (name === undefined || imports === undefined || reach === undefined) continue
    rows.set(name, { folder: name, imports: namesIn(imports), reach: namesIn(reach) })
  }
  if (rows.size === 0) throw new Error("docs/architecture.md: the table of packages is missing")
  return rows
}

const namesIn = (cell: string) =>
  cell === "everything" ? cell : [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name)

/** Whether `specifier` is one of the names, or a module below one of them that ends in `*`. */
export const reaches = (names: PackageRow["reach"], specifier: string): boolean =>
  names === "everything" ||
  names.some((name) => (name.endsWith("*") ? specifier.startsWith(name.slice(0, -1)) : specifier === name))

/** Effect 4 took these packages into itself: the old ones bring a second, incompatible Effect along. */
export const absorbed = new RegExp(
  "^(?:effect/unstable|@effect/(?:platform|schema|sql|sql-pglite|cli|cluster|rpc|workflow|experimental|printer|printer-ansi|typeclass|" +
    "data|io|stream|stm|match|ai|language-service))(?:/|$)"
)

/** Modules at the top of `effect` that its documentation marks unstable; the rest of its top level is stable. */
const unstable = (
  "Arbitrary ByteSize Bytes ChannelSchema ErrorReporter ExecutionPlan FileSystem Glob Graph HashRing LayerMap LayerRef " +
  "Newtype PartitionedSemaphore Path PlatformError SemVer SemVerRange Stdio Terminal TextDiff TxChunk Version"
).split(" ")

/** The modules of Effect that are data and nothing else. */
const plain = (
  "Array BigInt Boolean Brand Data Duration Equal Equivalence Function HashMap HashSet Match Number Option Order Predicate " +
  "Record Result Schema SchemaGetter SchemaIssue SchemaTransformation String Struct Tuple absurd flow identity pipe"
).split(" ")

/** Packages that measure, or look after real processes, in the machine's own time; and what runs in a browser, where people read it. */
const inRealTime = new Set(["test-servers", "chaos", "bench", "console"])

// oxlint asks the patterns in turn, and ends with the first that says anything, also when that is yes: what is refused in any case comes first.
const everywhere = [
  { regex: absorbed.source, message: "It is part of effect now: import it from there." },
  {
    regex: "(?:^|/)index(?:\\.[cm]?[jt]sx?)?$",
    message: "A barrel hides who depends on whom: name the file after what is in it."
  }
]
/** Refuses all but these, names of modules or folders of them; the last match counts. */
const nothingBut = (names: ReadonlyArray<string>, message: string) => ({
  group: ["*", "!./**", "!../**", ...names],
  caseSensitive: true,
  message
})

const read = "Read it through Effect's Clock or Random, so that a test can set the one and seed the other."
const clocks = ["setTimeout", "setInterval"]
const dice = ["randomUUID", "randomBytes", "randomInt", "getRandomValues"]
const clockAndDice = {
  imports: [
    ...["node:crypto", "crypto"].map((name) => ({ name, importNames: dice, message: read })),
    ...["node:timers", "node:timers/promises"].map((name) => ({ name, importNames: clocks, message: read }))
  ],
  globals: { globals: clocks.map((name) => ({ name, message: read })), checkGlobalObject: true },
  properties: [
    ["Date", "now"],
    ["performance", "now"],
    ["process", "hrtime"],
    ["Math", "random"],
    ...dice.map((name) => ["crypto", name])
  ].map(([object = "", property = ""]) => ({ object, property, message: read }))
}

/** What the sources of one package may import and read. */
const ofPackage = ({ folder, imports, reach }: PackageRow): OxlintOverride => {
  const real = inRealTime.has(folder)
  const named = (name: string) => (/^effect\/|\*$/.test(name) ? [`!${name}`, `!${name}/**`] : [`!${name}`])
  const names = [
    ...(imports === "everything" ? ["@dueline/*"] : imports.map((name) => `@dueline/${name}/*`)).flatMap(named),
    ...(reach === "everything" ? ["*"] : reach).flatMap(named)
  ]
  const effect = reach === "everything" ? [] : unstable.filter((name) => !reach.includes(`effect/${name}`))
  const deep = reach.includes("effect") ? ["!effect/[A-Z]*", ...effect.map((name) => `effect/${name}`)] : []
  const message = `packages/${folder} may not import it: see the table in docs/architecture.md.`
  return {
    files: [`packages/${folder}/src/**`],
    rules: {
      "eslint/no-restricted-imports": [
        "error",
        {
          paths: [{ name: "effect", importNames: effect, message }, ...(real ? [] : clockAndDice.imports)],
          patterns: [
            ...everywhere,
            { regex: "^\\.\\.?/(?:.*/)?(?:src|test)/", message: "It leaves src: import @dueline/… instead." },
            nothingBut([...names, ...deep, `@dueline/${folder}/**`], message)
          ]
        }
      ],
      "eslint/no-restricted-globals": real ? "off" : ["error", clockAndDice.globals],
      "eslint/no-restricted-properties": real ? "off" : ["error", ...clockAndDice.properties]
    }
  }
}

/** What a package's tests may import: what its manifest declares, and its own sources. */
const ofTests = (root: string, folder: string): OxlintOverride => {
  const manifest = JSON.parse(readFileSync(join(root, "packages", folder, "package.json"), "utf8"))
  const { dependencies, devDependencies, optionalDependencies } = manifest
  const declared = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies })
  const names = [`@dueline/${folder}`, "node:*", ...declared].flatMap((name) => [`!${name}`, `!${name}/**`])
  const message = `packages/${folder}/package.json does not declare it.`
  const elsewhere = {
    regex: "^(?:\\.\\./)+(?:(?:packages|scripts)/|[^./]+/(?:src|test)/)",
    message: "It leaves the package: import @dueline/… instead."
  }
  const patterns = [...everywhere, elsewhere, nothingBut(names, message)]
  return {
    files: [`packages/${folder}/test/**`],
    rules: { "eslint/no-restricted-imports": ["error", { patterns }] }
  }
}

/** Aggregates are plain functions over plain data: the folder that has them knows no Effect, clock or I/O. */
const pureCore = (): OxlintOverride => {
  const message = "An aggregate is plain functions over plain data, and this is not."
  return {
    files: ["packages/orchestration/src/aggregates/**"],
    rules: {
      "eslint/no-restricted-imports": [
        "error",
        {
          paths: [{ name: "effect", allowImportNames: plain, message }],
          patterns: [
            { regex: "^@dueline/contracts/(?:.*/)?ports/", message: "An aggregate uses no port." },
            // The engine's types name the parts of an aggregate; nothing of them is left at run time.
            { regex: "^\\.\\./", allowTypeImports: true, message },
            nothingBut(["!effect", ...plain.map((name) => `!effect/${name}`), "!@dueline/contracts/**"], message)
          ]
        }
      ],
      "eslint/no-restricted-globals": [
        "error",
        {
          globals: ["Date", "performance", "process", "crypto", "fetch", ...clocks].map((name) => ({ name, message })),
          checkGlobalObject: true
        }
      ],
      "eslint/no-restricted-properties": ["error", { object: "Math", property: "random", message }]
    }
  }
}

/** What is drawn is held to the rules of React and of accessibility. */
const inBrowser: OxlintOverride = {
  files: ["packages/console/src/**"],
  plugins: ["typescript", "unicorn", "oxc", "import", "promise", "react", "jsx-a11y"],
  rules: {
    "react/react-in-jsx-scope": "off",
    "jsx-a11y/prefer-tag-over-role": "off",
    // React's compiler, for which these are, is not used: a question is asked again when its key changes, not when its closure does.
    "react/exhaustive-deps": "off",
    "react/exhaustive-effect-dependencies": "off",
    "react/refs": "off",
    "react/set-state-in-effect": "off",
    // A channel to other pages of this origin takes no target.
    "unicorn/require-post-message-target-origin": "off"
  }
}

/** Of the workspace at `root`. */
export const lintConfig = (root: string): OxlintConfig => {
  const table = parsePackageTable(readFileSync(join(root, "docs/architecture.md"), "utf8"))
  return {
    plugins: ["typescript", "unicorn", "oxc", "import", "promise", "vitest"],
    categories: { correctness: "error", suspicious: "error" },
    ignorePatterns: ["node_modules", ".cache", ".dueline", "**/golden/**"],
    options: { reportUnusedDisableDirectives: "error" },
    rules: {
      "typescript/no-explicit-any": "error",
      "typescript/no-non-null-assertion": "error",
      "typescript/ban-ts-comment": "error",
      "typescript/consistent-type-imports": "error",
      "eslint/no-console": "off",
      "eslint/no-shadow": "off",
      "eslint/no-underscore-dangle": "off",
      "eslint/require-yield": "off",
      "eslint/no-await-in-loop": "off",
      "unicorn/no-array-sort": "off",
      "unicorn/no-array-reverse": "off",
      "unicorn/no-useless-spread": "off",
      "import/no-named-as-default-member": "off",
      "promise/valid-params": "off",
      "vitest/expect-expect": "off",
      "unicorn/consistent-function-scoping": "off",
      "eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "eslint/eqeqeq": "error",
      "eslint/no-var": "error",
      "eslint/prefer-const": "error",
      "eslint/no-restricted-imports": ["error", { patterns: everywhere }],
      "import/no-cycle": "error",
      "import/no-unassigned-import": "off",
      "oxc/no-barrel-file": ["error", { threshold: 0 }]
    },
    overrides: [
      { files: ["packages/*/src/**"], rules: { "eslint/no-console": "error" } },
      { files: ["packages/bench/src/**"], rules: { "eslint/no-console": "off" } },
      ...[...table.values()].map(ofPackage),
      ...globSync("packages/*/package.json", { cwd: root }).map((path) => ofTests(root, basename(dirname(path)))),
      inBrowser,
      pureCore()
    ]
  }
}
