/**
 * Runs the program, its tests and every other script of package.json on a machine that may have nothing but Node 20 and npm: brings
 * Node 24 and pnpm from the npm registry when the machine's are too old, installs dependencies when they changed, then gets out of the way.
 *
 * Plain JavaScript for old versions of Node, and no imports but Node's own: nothing is installed yet when it starts.
 */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { becomeProgram } from "./becomeProgram.mjs"
import { programFile } from "./programFile.mjs"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const wanted = { node: "24.21.0", pnpm: "12.21.0" }
const sources = "packages/dueline/src/main.ts"
/** The program itself. */
const program = { start: ["serve", "--demo"], dueline: [] }
/** What starts the program many times, and is told where it is. */
const starters = {
  test: ["scripts/test.ts"],
  bench: ["packages/bench/src/main.ts"],
  "bench:micro": ["packages/bench/src/micro.ts"],
  "bench:peers": ["packages/bench/peers/main.ts"],
  load: ["packages/bench/src/courier/main.ts"],
  "console:flood": ["packages/dueline/test/flood/main.ts"],
  chaos: ["packages/chaos/src/main.ts"]
}
/** Everything else that package.json offers: Node runs it with these arguments first. */
const tools = {
  check: ["scripts/check.ts"],
  fix: ["scripts/fix.ts"],
  gates: ["scripts/gates.ts"],
  events: ["scripts/events.ts"],
  telemetry: ["scripts/telemetry/main.ts"],
  sim: ["packages/simulation/src/main.ts"],
  "test:unit": ["node_modules/vitest/vitest.mjs", "run", "--config", "scripts/vitest.config.ts"],
  "test:property": ["scripts/propertyRuns.ts"],
  zones: ["scripts/zones.ts"],
  "pack:release": ["scripts/release/pack.ts"],
  rolling: ["scripts/release/rolling.ts"],
  "kinds:trial": ["scripts/kinds/main.ts"],
  servers: ["scripts/servers.ts"],
  "stack:up": ["scripts/stack/main.ts", "up"],
  "stack:down": ["scripts/stack/main.ts", "down"],
  "stack:seed": ["scripts/stack/main.ts", "seed"],
  "stack:logs": ["scripts/stack/main.ts", "logs"]
}
/**
 * Options of Node for the program; the package and the image have the same. Without them the program's memory stays at three times of what it needs
 * once it was under load: calls under way outlive V8's young generation of 64 MiB, and the old one is collected only when it is several times as large as what lives.
 * Nothing is made in the old generation at once (ADR-0055).
 */
const nodeOptions = JSON.parse(readFileSync(join(root, "scripts", "nodeOptions.json"), "utf8"))
const toolchainFile = join(root, ".cache", "toolchain.json")
const stampFile = join(root, "node_modules", ".dueline-install")

const [command = "", ...args] = process.argv.slice(2)
if (command === "--locate") {
  // Run by npx with the fetched versions first on the PATH: tell the caller where they are.
  process.stdout.write(JSON.stringify({ node: process.execPath, bin: process.env.PATH.split(delimiter)[0] }))
} else if ([program, starters, tools].some((table) => Object.hasOwn(table, command))) {
  run(command, args)
} else {
  process.stderr.write(
    `usage: node scripts/bootstrap.mjs ${Object.keys({ ...program, ...starters, ...tools }).join("|")} [arguments]\n`
  )
  process.exitCode = 2
}

function run(command, args) {
  const asked = process.cwd()
  process.chdir(root)
  const toolchain = locateToolchain()
  const dependencies = installIfNeeded(toolchain)
  const env = environment(toolchain)
  if (Object.hasOwn(tools, command)) {
    const [file, ...first] = tools[command]
    return becomeProgram(toolchain.node, [join(root, file), ...first, ...args], env)
  }
  const file = programFile(root, toolchain, dependencies, say) ?? join(root, sources)
  if (Object.hasOwn(starters, command)) {
    const [starter] = starters[command]
    return becomeProgram(toolchain.node, [join(root, starter), ...args], { PROGRAM_FILE: file, ...env })
  }
  // The command line works where it was called, on the checkout's own home unless another is named.
  if (command === "dueline") process.chdir(asked)
  const home = { DUELINE_HOME: join(root, ".dueline") }
  becomeProgram(toolchain.node, [...nodeOptions, file, ...program[command], ...args], { ...home, ...env })
}

/** Where Node 24 is, and the folder to put first on the PATH. Asks npx only when neither the machine nor the cache knows. */
function locateToolchain() {
  if (Number.parseInt(process.versions.node, 10) >= 24) {
    return { node: process.execPath, bin: dirname(process.execPath) }
  }
  try {
    const cached = JSON.parse(readFileSync(toolchainFile, "utf8"))
    if (cached.version === wanted.node && existsSync(cached.node)) return cached
  } catch {
    // Not located yet.
  }
  return fetchToolchain()
}

function fetchToolchain() {
  say(`Node ${process.versions.node} is too old: using Node ${wanted.node} from the npm registry (fetched once)`)
  const packages = Object.entries(wanted).map(([name, version]) => `--package=${name}@${version}`)
  const call = ["--yes", ...packages, "--call", "node scripts/bootstrap.mjs --locate"]
  const found = spawnSync("npx", call, { encoding: "utf8", env: quietNpm(), stdio: ["ignore", "pipe", "pipe"] })
  if (found.status !== 0) fail(`npx could not provide Node ${wanted.node}. Install Node 24 or later.`, found)
  const toolchain = { version: wanted.node, ...JSON.parse(found.stdout) }
  mkdirSync(dirname(toolchainFile), { recursive: true })
  writeFileSync(toolchainFile, JSON.stringify(toolchain))
  return toolchain
}

/** Installs when the lock file or any manifest differs from what was installed last. Answers with what tells installations apart. */
function installIfNeeded(toolchain) {
  const fingerprint = manifestsFingerprint(toolchain)
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === fingerprint) return fingerprint
  say("installing dependencies (only when they changed)")
  const install = ["install", "--frozen-lockfile", "--reporter=append-only", "--config.confirmModulesPurge=false"]
  const env = environment(toolchain)
  const options = { encoding: "utf8", env, stdio: ["ignore", "pipe", "pipe"] }
  const version = spawnSync("pnpm", ["--version"], options)
  const result = fitsPnpm(version.stdout)
    ? spawnSync("pnpm", install, options)
    : spawnSync("npx", ["--yes", `--package=pnpm@${wanted.pnpm}`, "--call", `pnpm ${install.join(" ")}`], {
        ...options,
        env: { ...env, ...quietNpm() }
      })
  if (result.status !== 0) fail("pnpm install failed.", result)
  writeFileSync(stampFile, fingerprint)
  return fingerprint
}

function fitsPnpm(version) {
  const [major, minor] = String(version ?? "")
    .split(".")
    .map(Number)
  const [wantedMajor, wantedMinor] = wanted.pnpm.split(".").map(Number)
  return major === wantedMajor && minor >= wantedMinor
}

function manifestsFingerprint({ node }) {
  const manifests = readdirSync("packages")
    .map((name) => join("packages", name, "package.json"))
    .filter(existsSync)
  const hash = createHash("sha256").update(`${process.platform} ${process.arch} ${node}\n`)
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", ...manifests.sort()]) {
    hash.update(file).update(readFileSync(file))
  }
  return hash.digest("hex")
}

function environment({ bin }) {
  return { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` }
}

function quietNpm() {
  const quiet = { loglevel: "error", update_notifier: "false", fund: "false", audit: "false" }
  const settings = Object.entries(quiet).map(([name, value]) => [`npm_config_${name}`, value])
  return { ...process.env, ...Object.fromEntries(settings) }
}

function say(line) {
  process.stderr.write(`dueline: ${line}\n`)
}

function fail(problem, { error, stderr, stdout }) {
  say(problem)
  process.stderr.write([stdout, stderr, error?.message].filter(Boolean).join("\n") + "\n")
  process.exit(1)
}
