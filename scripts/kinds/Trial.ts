/**
 * What it takes to add a kind of aggregate, as files: those that are new, and lines put into those that are there. A trial copies the
 * tree, puts them in, and asks the compiler and the tests; then it leaves each of them out once and asks that something fails.
 */
import { spawn } from "node:child_process"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

/** One file of the new kind, or one that is changed for it. Paths are those of the tree. */
export interface Part {
  readonly path: string
  /** `suite`: a test or what only tests use. */
  readonly role: "source" | "suite"
  readonly change:
    | { readonly _tag: "new"; readonly text: string }
    | { readonly _tag: "touched"; readonly edits: ReadonlyArray<Edit> }
}

/** Puts `text` behind the first `after`, which has to be there. */
export interface Edit {
  readonly after: string
  readonly text: string
}

export interface Outcome {
  readonly passed: boolean
  /** The last lines of what failed. */
  readonly output: string
}

/** Without what a test run hands to its own tests: servers with the schema of the tree that is copied, and where to write totals. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(?:DUELINE|VITEST)/u.test(name))
)

const runIn = (cwd: string, args: ReadonlyArray<string>, more: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
  new Promise((resolve) => {
    const env = { ...environment, ...more }
    const child = spawn(process.execPath, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    const add = (chunk: Buffer) => {
      output = (output + chunk.toString("utf8")).slice(-20_000)
    }
    child.stdout.on("data", add)
    child.stderr.on("data", add)
    child.on("close", (code) => resolve({ passed: code === 0, output }))
  })

/** The working tree without what git ignores, in a folder of its own. Installed packages are shared, workspace packages are the copy's. */
export class Trial {
  readonly root: string
  readonly #origin: string

  constructor(origin: string, files: ReadonlyArray<string>) {
    this.#origin = origin
    this.root = mkdtempSync(join(tmpdir(), "dueline-kind-"))
    for (const file of files) this.#copy(file)
    symlinkSync(join(origin, "node_modules"), join(this.root, "node_modules"))
    for (const folder of new Set(
      files.filter((file) => file.startsWith("packages/")).map((file) => file.split("/")[1] ?? "")
    )) {
      const modules = join("packages", folder, "node_modules")
      // Links inside are relative: to the copy's own packages, and through its `node_modules` to the installed ones.
      if (existsSync(join(origin, modules)))
        cpSync(join(origin, modules), join(this.root, modules), { recursive: true, verbatimSymlinks: true })
    }
    // What the compiler knows of the unchanged tree, so that it looks at changes only.
    for (const cache of ["types", "servers"]) {
      const from = join(origin, ".cache", cache)
      if (!existsSync(from)) continue
      mkdirSync(join(this.root, ".cache"), { recursive: true })
      if (cache === "types") cpSync(from, join(this.root, ".cache", cache), { recursive: true })
      else symlinkSync(from, join(this.root, ".cache", cache))
    }
  }

  #copy(file: string): void {
    const to = join(this.root, file)
    mkdirSync(dirname(to), { recursive: true })
    cpSync(join(this.#origin, file), to)
  }

  apply(part: Part): void {
    const to = join(this.root, part.path)
    if (part.change._tag === "new") {
      if (existsSync(to)) throw new Error(`${part.path} is there already`)
      mkdirSync(dirname(to), { recursive: true })
      writeFileSync(to, part.change.text)
      return
    }
    let text = readFileSync(to, "utf8")
    for (const { after, text: added } of part.change.edits) {
      const at = text.indexOf(after)
      if (at < 0) throw new Error(`${part.path} has no ${JSON.stringify(after)} to put the new kind behind`)
      text = text.slice(0, at + after.length) + added + text.slice(at + after.length)
    }
    writeFileSync(to, text)
  }

  leaveOut(part: Part): void {
    if (part.change._tag === "new") rmSync(join(this.root, part.path))
    else this.#copy(part.path)
  }

  /** Of the whole tree, or of these files and folders with what they import. */
  compile(include?: ReadonlyArray<string>): Promise<Outcome> {
    const config = include === undefined ? "packages/tsconfig.json" : "tsconfig.some.json"
    if (include !== undefined) {
      const some = { extends: "./tsconfig.base.json", include }
      writeFileSync(join(this.root, config), JSON.stringify(some))
    }
    return runIn(this.root, ["node_modules/typescript/bin/tsc", "--checkers", "1", "-p", config])
  }

  /**
   * Only tests whose names match. Files of events that are new are written on the way, as whoever adds a kind does once.
   * In one run and by one worker: to import the sources costs more than these tests do.
   */
  test(files: ReadonlyArray<string>, names: string): Promise<Outcome> {
    const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "scripts/vitest.config.ts", "--maxWorkers=1"]
    return runIn(this.root, [...vitest, ...files, "-t", names], { UPDATE_GOLDEN: "1" })
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}
