/**
 * Checks what the linter cannot say about who depends on whom (`lintConfig.ts` has the rest): the table in docs/architecture.md names every
 * package and no other, manifests declare what the table allows, and the top of the repository has few names. Exit code 1 and a line each.
 */
import { globSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { absorbed, type PackageRow, parsePackageTable, reaches } from "./lintConfig.ts"

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

/** What a reader has to know; dot files are tools' own business. */
const atTop = new Set([
  "package.json",
  "pnpm-workspace.yaml",
  "pnpm-lock.yaml",
  "tsconfig.base.json",
  "oxlint.config.ts",
  "packages",
  "docs",
  "decisions",
  "docker-compose.yml",
  "scripts",
  "README.md",
  "node_modules"
])

/** One sentence for each breach in the workspace at `root`. */
export const boundaryProblems = (root: string): ReadonlyArray<string> => {
  const table = parsePackageTable(readFileSync(join(root, "docs/architecture.md"), "utf8"))
  const folders = globSync("packages/*/package.json", { cwd: root }).map((path) => path.split("/")[1] ?? "")
  const strangers = readdirSync(root).filter((name) => !name.startsWith(".") && !atTop.has(name))
  return [
    ...folders
      .filter((folder) => !table.has(folder))
      .map((folder) => `packages/${folder} has no row in docs/architecture.md`),
    ...[...table.values()].flatMap((row) =>
      folders.includes(row.folder)
        ? manifestProblems(row, JSON.parse(readFileSync(join(root, "packages", row.folder, "package.json"), "utf8")))
        : [`packages/${row.folder} is in docs/architecture.md and nowhere else`]
    ),
    ...globSync("packages/*/src/**/*.{ts,tsx}", { cwd: root })
      .filter((path) => readsNow(root, path))
      .map((path) => `${path}: new Date() reads the machine's clock: read it through Effect's Clock`),
    ...strangers.map((name) => `${name} does not belong at the top of the repository`)
  ]
}

/** pnpm lets a package reach what its manifest declares and nothing else, and the table says what that may be. */
const manifestProblems = (row: PackageRow, manifest: Manifest): ReadonlyArray<string> => {
  const at = `packages/${row.folder}/package.json`
  const declared = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })
  const old = [...declared, ...Object.keys(manifest.devDependencies ?? {})].filter((name) => absorbed.test(name))
  return [
    ...old.map((name) => `${at}: ${name} is part of effect now`),
    ...declared
      .filter((name) => !mayDeclare(row, name))
      .map((name) => `${at}: ${name} is not in the package's row of docs/architecture.md`),
    ...wanted(row)
      .filter((name) => !declared.some((one) => reaches([name], one)))
      .map((name) => `${at}: ${name} is in the package's row of docs/architecture.md and not declared`)
  ]
}

const mayDeclare = ({ imports, reach }: PackageRow, name: string): boolean => {
  const [, own] = /^@dueline\/(.+)$/u.exec(name) ?? []
  if (own !== undefined) return reaches(imports, own)
  return reach === "everything" || reach.some((module) => reaches([packageOf(module)], name))
}

/** The packages that a row names, as dependencies; what belongs to Node needs no declaration. */
const wanted = ({ imports, reach }: PackageRow): ReadonlyArray<string> => [
  ...(imports === "everything" ? [] : imports.map((name) => `@dueline/${name}`)),
  ...new Set(reach === "everything" ? [] : reach.filter((module) => !module.startsWith("node:")).map(packageOf))
]

/** `effect` for `effect/http`. */
const packageOf = (module: string): string => /^(?:@[^/]+\/)?[^/]+/u.exec(module)?.[0] ?? module

/** Packages in real time may; the linter knows of no rule for a constructor without arguments. */
const readsNow = (root: string, path: string): boolean =>
  !/^packages\/(?:test-servers|chaos|bench)\//u.test(path) &&
  /\bnew Date\(\)/u.test(readFileSync(join(root, path), "utf8"))

if (import.meta.main) {
  const problems = boundaryProblems(join(import.meta.dirname, ".."))
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
}
