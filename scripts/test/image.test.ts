import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, test } from "vitest"
import { imageProblems } from "../stack/imageProblems.ts"

const root = join(import.meta.dirname, "..", "..")
const read = (path: string) => readFileSync(join(root, path), "utf8")
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8"
})
  .trim()
  .split("\n")

const dockerfile = read("scripts/stack/Dockerfile")
const dockerignore = read(".dockerignore")

/** Replaced where it stands, which it must. */
const without = (text: string, from: string, to = "") => {
  assert.include(text, from, "the mutation no longer applies")
  return text.replaceAll(from, () => to)
}

const mutations: ReadonlyArray<readonly [what: string, of: () => readonly [string, string], expected: RegExp]> = [
  [
    "a base of the compiler's settings that is left behind",
    () => [without(dockerfile, "COPY tsconfig.base.json ./\n"), dockerignore],
    /^tsconfig.base.json is not there to be read/u
  ],
  [
    "one that the context leaves out",
    () => [dockerfile, without(dockerignore, "!tsconfig.base.json\n")],
    /there is no tsconfig.base.json to copy/u
  ],
  [
    "a console without its dependencies",
    () => [without(dockerfile, '--filter "@dueline/console..."'), dockerignore],
    /^nobody installs what packages\/console needs/u
  ],
  [
    "a package of the program that is left out",
    () => [dockerfile, `${dockerignore}packages/redis\n`],
    /^packages\/redis does not come along/u
  ],
  [
    "a bundler that is left out",
    () => [dockerfile, without(dockerignore, "!scripts/bundle.ts\n")],
    /bundle.ts to copy/u
  ],
  ["another pnpm", () => [without(dockerfile, "pnpm@", "pnpm@1"), dockerignore], /^it is not pnpm@.* that installs/u],
  ["another Node", () => [without(dockerfile, "node:24-slim", "node:22-slim"), dockerignore], /^node:22-slim is not/u],
  [
    "a start of something else",
    () => [without(dockerfile, "/app/.cache/program/main.mjs", "/app/main.mjs"), dockerignore],
    /^what is started is not what was put together/u
  ],
  [
    "a start without the options that bound its memory",
    () => [without(dockerfile, " --heap-growing-percent=100"), dockerignore],
    /^it is not started with the options of scripts\/nodeOptions.json/u
  ],
  [
    "an image without the program",
    () => [without(dockerfile, "COPY --from=together", "COPY --from=build"), dockerignore],
    /^what was put together does not come into the image/u
  ]
]

describe("the image of the program", () => {
  test("is built of files that come along, with the dependencies of all that is put together, and starts that", () => {
    assert.deepStrictEqual(imageProblems(dockerfile, dockerignore, { files, read }), [])
  })

  test.for(mutations)("with %s is refused", ([, of, expected]) => {
    const problems = imageProblems(...of(), { files, read })
    assert.isTrue(
      problems.some((problem) => expected.test(problem)),
      problems.join("\n") || "nothing was refused"
    )
  })
})
