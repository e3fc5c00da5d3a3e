/**
 * What keeps the image of the program from being built or started, as far as the files say: one sentence for each. The build itself needs a
 * container engine; this needs none, and names what the Dockerfile, `.dockerignore` and what the program is put together of disagree about.
 */
import { posix } from "node:path"

/** The repository as `git ls-files` has it. */
export interface Tree {
  readonly files: ReadonlyArray<string>
  readonly read: (path: string) => string
}

interface Stage {
  readonly name: string
  readonly base: string
  readonly steps: ReadonlyArray<string>
}

/** Lines that go on are joined, remarks left out. */
const stagesOf = (dockerfile: string): ReadonlyArray<Stage> => {
  const steps = dockerfile
    .replace(/^#.*\n/gmu, "")
    .replace(/\\\n\s*/gu, "")
    .split("\n")
    .filter((line) => line.trim() !== "")
  const stages: Array<{ name: string; base: string; steps: Array<string> }> = []
  for (const step of steps) {
    const from = /^FROM (\S+) AS (\S+)$/u.exec(step)
    if (from === null) stages.at(-1)?.steps.push(step)
    else stages.push({ base: from[1] ?? "", name: from[2] ?? "", steps: [] })
  }
  return stages
}

const toRegExp = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replace(/[.+()]/gu, String.raw`\$&`).replaceAll("*", "[^/]*")}(?:/|$)`, "u")

/** The last line that names a file decides about it. */
const comesAlong = (dockerignore: string) => {
  const rules = dockerignore
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => ({ kept: line.startsWith("!"), names: toRegExp(line.replace(/^!/u, "")) }))
  return (path: string): boolean => rules.findLast(({ names }) => names.test(path))?.kept ?? true
}

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`)

/** What a stage has of the context, with that of the stage that it goes on from. */
const copiedInto = (stage: Stage, stages: ReadonlyArray<Stage>): ReadonlyArray<string> => {
  const before = stages.find(({ name }) => name === stage.base)
  const own = stage.steps.flatMap((step) => {
    const copied = /^COPY (?!--from)(.+) \S+$/u.exec(step)?.[1]
    return copied === undefined ? [] : copied.split(" ")
  })
  return before === undefined ? own : [...copiedInto(before, stages), ...own]
}

const runsOf = (stage: Stage, stages: ReadonlyArray<Stage>): string => {
  const before = stages.find(({ name }) => name === stage.base)
  return [
    before === undefined ? "" : runsOf(before, stages),
    ...stage.steps.filter((step) => step.startsWith("RUN "))
  ].join("\n")
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
}

const prefix = "@dueline/"

/** This package and those of the workspace that it cannot do without. */
const closureOf = (folder: string, { read }: Tree, found = new Set<string>()): ReadonlySet<string> => {
  if (found.has(folder)) return found
  found.add(folder)
  const { dependencies = {} } = JSON.parse(read(`packages/${folder}/package.json`)) as Manifest
  for (const name of Object.keys(dependencies)) {
    if (name.startsWith(prefix)) closureOf(name.slice(prefix.length), { files: [], read }, found)
  }
  return found
}

/** What a source names by `from "./…"`, and so on from there. */
const importsOf = (path: string, { files, read }: Tree, found = new Set<string>()): ReadonlySet<string> => {
  if (found.has(path) || !files.includes(path)) return found
  found.add(path)
  for (const [, name = ""] of read(path).matchAll(/^(?:import|export) [^;]*?from "(\.[^"]+)"$/gmsu))
    importsOf(posix.join(posix.dirname(path), name), { files, read }, found)
  return found
}

const extended = (path: string, { read }: Tree): ReadonlyArray<string> => {
  const base = /"extends":\s*"(\.[^"]+)"/u.exec(read(path))?.[1]
  return base === undefined ? [] : [posix.join(posix.dirname(path), base)]
}

const bundler = "scripts/bundle.ts"

export const imageProblems = (dockerfile: string, dockerignore: string, tree: Tree): ReadonlyArray<string> => {
  const stages = stagesOf(dockerfile)
  const along = comesAlong(dockerignore)
  const problems: Array<string> = []
  for (const stage of stages) {
    for (const path of copiedInto(stage, stages)) {
      if (!tree.files.some((file) => isWithin(file, path) && along(file)))
        problems.push(`${stage.name}: there is no ${path} to copy`)
    }
  }
  const together = stages.find(({ steps }) => steps.some((step) => step.includes(`node ${bundler}`)))
  if (together === undefined) return [...problems, "nobody puts the program together"]
  const copied = copiedInto(together, stages)
  const runs = runsOf(together, stages)
  // What is bundled: the program, and each package that the bundler names itself.
  const named = [...tree.read(bundler).matchAll(/join\(packages, "([a-z-]+)"/gu)].map(([, folder = ""]) => folder)
  const installed = new Set(
    [...runs.matchAll(/--filter "?@dueline\/([a-z-]+)\.\.\."?/gu)].flatMap(([, folder = ""]) => [
      ...closureOf(folder, tree)
    ])
  )
  for (const folder of new Set(["dueline", ...named].flatMap((one) => [...closureOf(one, tree)]))) {
    if (!installed.has(folder)) problems.push(`nobody installs what packages/${folder} needs`)
    if (!along(`packages/${folder}/package.json`)) problems.push(`packages/${folder} does not come along`)
  }
  const read = [...importsOf(bundler, tree), ...extended("packages/tsconfig.json", tree)]
  for (const path of new Set(read)) {
    if (!along(path) || !copied.some((folder) => isWithin(path, folder)))
      problems.push(`${path} is not there to be read`)
  }
  const { packageManager = "", engines } = JSON.parse(tree.read("package.json")) as {
    readonly packageManager?: string
    readonly engines?: { readonly node?: string }
  }
  if (!runs.includes(`npm install --global ${packageManager}`))
    problems.push(`it is not ${packageManager} that installs`)
  const major = /\d+/u.exec(engines?.node ?? "")?.[0]
  for (const { base } of stages) {
    if (base.startsWith("node:") && !base.startsWith(`node:${major}-`)) problems.push(`${base} is not Node ${major}`)
  }
  const options = JSON.parse(tree.read("scripts/nodeOptions.json")) as ReadonlyArray<string>
  const made = new RegExp(`node ${bundler} (\\S+)`, "u").exec(runs)?.[1]
  const last = stages.find(({ steps }) => steps.some((step) => step.startsWith("ENTRYPOINT")))
  if (last === undefined || made === undefined || !runsOf(last, stages).includes(`${made}/main.mjs`))
    problems.push("what is started is not what was put together")
  else if (!runsOf(last, stages).includes(`node ${options.join(" ")} ${made}/main.mjs`))
    problems.push("it is not started with the options of scripts/nodeOptions.json")
  else if (!last.steps.some((step) => step.startsWith(`COPY --from=${together.name} ${made} `)))
    problems.push("what was put together does not come into the image")
  return problems
}
