/**
 * Fetches a server from the system's package archive and unpacks it into a directory of ours: nothing is installed, no account is
 * made, no service starts, and root is not needed. Signatures are checked by the package client, as always.
 */
import { execFile } from "node:child_process"
import { existsSync, globSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { promisify } from "node:util"
import { isExecutable, onPath } from "./ServerBinary.ts"

// The machine's own package source with another suite: nothing is known here about where packages come from, and what the machine
// trusts (keys, mirrors, proxies) stays what it was.

interface SourceFile {
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

const stepMs = 100
const lockLimitMs = 10 * 60_000

/**
 * Holds the file `lock`, which names this process, while `work` runs. Rejects when others hold it for longer than ten minutes.
 * Should two find the lock of a dead process at the very same moment, both may work: the work has to bear that.
 */
export const oneAtATime = async <A>(lock: string, work: () => Promise<A>): Promise<A> => {
  mkdirSync(dirname(lock), { recursive: true })
  for (let waited = 0; !taken(lock); waited += stepMs) {
    if (waited >= lockLimitMs)
      throw new Error(`process ${holderOf(lock) ?? "?"} holds ${lock} and does not come to an end`)
    await wait(stepMs)
  }
  try {
    return await work()
  } finally {
    rmSync(lock, { force: true })
  }
}

/** A link appears with its contents or not at all: a lock always names its holder. */
const taken = (lock: string): boolean => {
  const mine = `${lock}.${process.pid}`
  writeFileSync(mine, String(process.pid))
  try {
    linkSync(mine, lock)
    return true
  } catch (cause) {
    if (!hasCode(cause, "EEXIST")) throw cause
    const holder = holderOf(lock)
    if (holder !== undefined && !isAlive(holder)) rmSync(lock, { force: true })
    return false
  } finally {
    rmSync(mine, { force: true })
  }
}

const holderOf = (lock: string): number | undefined => {
  try {
    return Number(readFileSync(lock, "utf8"))
  } catch {
    return undefined
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return hasCode(cause, "EPERM")
  }
}

const hasCode = (cause: unknown, code: string): boolean =>
  cause instanceof Error && "code" in cause && cause.code === code

/** Fetching a server takes a while, and somebody may wait at a terminal. */
const say = (line: string): void => {
  process.stderr.write(`dueline: ${line}\n`)
}

export interface Wanted {
  /** For the reader of the messages, e.g. `nats-server`. */
  readonly name: string
  /** Where the tree is to stand; it is there whole or not at all. */
  readonly tree: string
  /** Which packages to take, out of all names that the archive has. */
  readonly packages: (available: (prefix: string) => Promise<ReadonlyArray<string>>) => Promise<ReadonlyArray<string>>
  /** Another suite of the archive than the machine's own. Only what needs nothing newer besides can be taken from there, or all of it. */
  readonly suite?: string
  /** With every library that it needs, down to the C library: none of the machine's is of that suite. */
  readonly withLibraries?: boolean
  /** What an installation would have done to the tree beyond unpacking. */
  readonly complete?: (tree: string) => void
}

const limitMs = 5 * 60_000
const outputLimit = 64 * 1024 * 1024

/**
 * Leaves a tree that is there and `useful` as it is, and replaces any other, e.g. one of an older version. Rejects with an error that says
 * which step failed.
 */
export const unpackPackages = async (wanted: Wanted, useful: () => Promise<boolean>): Promise<void> => {
  if (onPath("apt-get").length === 0 || !isExecutable("/usr/bin/dpkg-deb")) {
    throw new Error("this machine has no apt-get to fetch it with")
  }
  await oneAtATime(`${wanted.tree}.lock`, async () => {
    // Another process may have done it meanwhile.
    if (await useful()) return
    rmSync(wanted.tree, { recursive: true, force: true })
    await unpack(wanted)
  })
}

const unpack = async ({ complete, name, packages, suite, tree, withLibraries = false }: Wanted): Promise<void> => {
  const work = `${tree}.${process.pid}`
  rmSync(work, { recursive: true, force: true })
  for (const folder of ["lists/partial", "cache/archives/partial", "packages", "tree"]) {
    mkdirSync(join(work, folder), { recursive: true, mode: 0o755 })
  }
  try {
    const options = clientOptions(work, suite)
    const run = (step: string, file: string, ...args: ReadonlyArray<string>) =>
      ask(step, file, [...options, ...args], join(work, "packages"))
    say(`${name}: reading the list of packages (once)`)
    await run("reading the list of packages", "apt-get", "update")
    const names = await packages(async (prefix) =>
      (await run("looking up names", "apt-cache", "pkgnames", prefix)).split("\n").filter((found) => found !== "")
    )
    const missing = withLibraries
      ? (await notInstalled(run, names, ["-o", "Dir::State::status=/dev/null"])).filter(isLibrary)
      : suite === undefined
        ? await notInstalled(run, names)
        : []
    const all = [...new Set([...names, ...missing])]
    say(
      `${name}: fetching ${all.length === 1 ? names.join() : `${names.join(", ")} and what they need, ${all.length} packages`}`
    )
    await run("fetching packages", "apt-get", "download", ...all)
    for (const file of globSync("*.deb", { cwd: join(work, "packages") })) {
      await ask("unpacking", "dpkg-deb", ["-x", file, join(work, "tree")], join(work, "packages"))
    }
    complete?.(join(work, "tree"))
    renameSync(join(work, "tree"), tree)
    say(`${name}: is in ${tree}`)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

type Run = (step: string, file: string, ...args: ReadonlyArray<string>) => Promise<string>

const isLibrary = (name: string): boolean => /^(?:lib(?!.*-perl$|perl|llvm)|zlib)/.test(name)

/** What an installation would bring along, as names of packages. */
const notInstalled = async (
  run: Run,
  names: ReadonlyArray<string>,
  options: ReadonlyArray<string> = []
): Promise<ReadonlyArray<string>> => {
  const install = [...options, "--no-install-recommends", "--reinstall", "--print-uris", "install", ...names]
  const plan = await run("working out what it needs", "apt-get", ...install)
  return plan.split("\n").flatMap((line) => /^'[^']+' ([^_ ]+)_\S+\.deb /.exec(line)?.[1] ?? [])
}

/** Lists and caches of our own; sources and trust are the machine's. */
const clientOptions = (work: string, suite: string | undefined): ReadonlyArray<string> => {
  const settings = [
    `Dir::State::lists=${join(work, "lists")}`,
    `Dir::Cache=${join(work, "cache")}`,
    "Debug::NoLocking=1",
    // The client's own low account could not enter a checkout in somebody's home.
    "APT::Sandbox::User=root",
    "Acquire::Languages=none",
    "APT::Update::Error-Mode=any",
    "Acquire::Retries=2",
    "Acquire::http::Timeout=30",
    ...(suite === undefined ? [] : otherSuite(work, suite))
  ]
  return ["-qq", ...settings.flatMap((setting) => ["-o", setting])]
}

const otherSuite = (work: string, suite: string): ReadonlyArray<string> => {
  const paths = [...globSync("/etc/apt/sources.list.d/*.{sources,list}").sort(), "/etc/apt/sources.list"]
  const files = paths.filter((path) => existsSync(path)).map((path) => ({ path, text: readFileSync(path, "utf8") }))
  const made = newerSources(files, suite)
  if (made === undefined) throw new Error("this machine has no Debian package source to make a newer one of")
  const file = join(work, made.path)
  writeFileSync(file, made.text)
  return [`Dir::Etc::sourcelist=${file}`, "Dir::Etc::sourceparts=-"]
}

const ask = async (step: string, file: string, args: ReadonlyArray<string>, cwd: string): Promise<string> => {
  try {
    const { stdout } = await promisify(execFile)(file, args, { cwd, timeout: limitMs, maxBuffer: outputLimit })
    return stdout
  } catch (cause) {
    const words = cause instanceof Error && "stderr" in cause ? String(cause.stderr) : String(cause)
    throw new Error(`${step} (${basename(file)}) failed: ${lastLine(words)}`, { cause })
  }
}

const lastLine = (text: string): string => (text.trimEnd().split("\n").at(-1) ?? "").replace(/\.$/, "")
