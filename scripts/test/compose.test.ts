import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, test } from "vitest"
import { findCompose } from "../../packages/test-servers/src/findServer.ts"
import { notTested, ServerMissing } from "../../packages/test-servers/src/notTested.ts"
import { Role } from "../../packages/contracts/src/Role.ts"
import { composeProblems } from "../stack/composeProblems.ts"

const root = join(import.meta.dirname, "..", "..")
const read = (path: string) => readFileSync(join(root, path), "utf8")
const namesIn = (path: string) => new Set([...read(path).matchAll(/^(\w+)=/gm)].map(([, name = ""]) => name))

const compose = read("docker-compose.yml")
const surroundings = {
  roles: Role.literals,
  settings: namesIn(".env.example"),
  stackSettings: namesIn("scripts/stack/env.example")
}

/** Replaced exactly once, or in the first of several places when `from` says where. */
const changed = (from: string, to: string) => {
  assert.include(compose, from, "the mutation no longer applies")
  return compose.replace(from, () => to)
}

const init = "    command: [migrate]\n"
const api = "    command: [serve, --role, api]\n"

const mutations: ReadonlyArray<readonly [what: string, text: string, expected: RegExp]> = [
  ["a service without an image", changed("    image: redis:7.4-alpine\n", ""), /^redis: its image has no version/],
  ["an image of any version", changed("redis:7.4-alpine", "redis"), /^redis: its image has no version/],
  ["the latest image", changed("postgis:17-3.5", "postgis:latest"), /^postgres: its image has no version/],
  ["root by silence", changed("    user: redis\n", ""), /^redis: runs as root/],
  ["root by name", changed("  user: node\n", "  user: root\n"), /^api: runs as root/],
  ["root by number", changed('  user: "1000:1000"', '  user: "0:1000"'), /^nats: runs as root/],
  ["no bound on memory", changed(", memory: 1G", ""), /^postgres: may take all memory/],
  ["no bound on processors", changed('cpus: "2.0", ', ""), /^postgres: may take all processors/],
  [
    "a health check switched off",
    changed(api, `${api}    healthcheck: { disable: true }\n`),
    /^api: has no health check/
  ],
  [
    "a server nobody restarts",
    changed("  restart: unless-stopped", '  restart: "no"'),
    /^postgres: ends and is not started again/
  ],
  [
    "a migration that is done for ever",
    changed('    restart: "no"', "    restart: always"),
    /^init: ends and is not started again, or is done for ever/
  ],
  [
    "a role that forgets a server",
    changed("    redis: { condition: service_healthy }\n", ""),
    /^api: does not wait for redis/
  ],
  [
    "a wait for a start, not for health",
    changed("    postgres: { condition: service_healthy }", "    postgres: { condition: service_started }"),
    /^api: does not wait until postgres can be used/
  ],
  [
    "a wait for the end of a server",
    changed("    redis: { condition: service_healthy }", "    redis: { condition: service_completed_successfully }"),
    /^api: does not wait until redis can be used/
  ],
  [
    "a wait for the health of what has none",
    changed("    init: { condition: service_completed_successfully }", "    init: { condition: service_healthy }"),
    /^api: does not wait until init can be used/
  ],
  [
    "roles that do not wait for the migration",
    changed("    init: { condition: service_completed_successfully }\n", ""),
    /^nobody prepares the database/
  ],
  ["a port open to everybody", changed('"127.0.0.1:${STACK_PORT', '"${STACK_PORT'), /^api: opens .* to other machines/],
  [
    "a port open on every address",
    changed("127.0.0.1:${STACK_PORT", "0.0.0.0:${STACK_PORT"),
    /^api: opens .* to other machines/
  ],
  [
    "a port of a server",
    changed("    user: redis\n", '    user: redis\n    ports: ["127.0.0.1:6379:6379"]\n'),
    /^redis: opens a port/
  ],
  [
    "a directory of the machine",
    changed('"redis:/data"', '"./data:/data"'),
    /^redis: mounts \.\/data:\/data of the machine/
  ],
  ["a role nobody has", changed("--role, timer", "--role, executor"), /^nobody is timer/],
  [
    "a misspelt setting",
    changed(`${init}`, `${init}    environment: { DUELINE_HOMES: x }\n`).replace(
      /( {4}environment: \{ <<: \*role-environment, DUELINE_MIGRATE: "yes" \}\n)/,
      ""
    ),
    /^DUELINE_HOMES is no setting of the program/
  ],
  [
    "a variable nobody lists",
    changed("${STACK_PORT:-8080}", "${EDGE_PORT:-8080}"),
    /^EDGE_PORT is no setting of the stack/
  ]
]

const judgedByCompose: ReadonlyArray<readonly [what: string, text: string, expected: RegExp]> = [
  ["a wait for nobody", changed("    redis: { condition", "    cache: { condition"), /cache/],
  ["a volume that is not declared", changed("\n  postgres:\n  nats:\n", "\n  nats:\n"), /undefined volume/],
  ["a config that is not declared", changed("  nats: { file:", "  broker: { file:"), /undefined config/],
  ["a word that is none", changed("    user: redis\n", "    users: redis\n"), /users/]
]

const judge = await findCompose().catch((cause: unknown) => {
  if (cause instanceof ServerMissing) return notTested("docker-compose.yml by Docker Compose itself", cause.message)
  throw cause
})

/** What Docker Compose complains of, as it would of the file beside the sources. */
const composeSays = (text: string, profile: ReadonlyArray<string> = []): string => {
  if (typeof judge === "string") return judge
  const args = ["--project-directory", root, "--file", "-", ...profile, "config", "--quiet"]
  const { status, stderr } = spawnSync(judge.path, args, { cwd: root, input: text, encoding: "utf8" })
  return status === 0 ? "" : stderr
}

describe("docker-compose.yml", () => {
  test("brings up every role and server: bounded, watched, in order, not as root, and closed to other machines", () => {
    assert.deepStrictEqual(composeProblems(compose, surroundings), [])
  })

  test.for(mutations)("with %s it is refused", ([, text, expected]) => {
    const problems = composeProblems(text, surroundings)
    assert.isTrue(
      problems.some((problem) => expected.test(problem)),
      problems.join("\n") || "nothing was refused"
    )
  })

  test.skipIf(typeof judge === "string")("is accepted by Docker Compose, with one broker and with three", () => {
    for (const profile of [[], ["--profile", "cluster"]]) assert.strictEqual(composeSays(compose, profile), "")
  })

  test.skipIf(typeof judge === "string").for(judgedByCompose)(
    "with %s it is refused by Docker Compose",
    ([, text, expected]) => {
      assert.match(composeSays(text), expected)
    }
  )
})
