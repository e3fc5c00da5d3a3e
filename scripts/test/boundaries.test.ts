import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { checkBoundaries } from "../boundaries.ts"
import { absorbedPackages } from "../boundaries/absorbedPackages.ts"
import { ambientInputs } from "../boundaries/ambientInputs.ts"
import { barrels } from "../boundaries/barrels.ts"
import { cycles } from "../boundaries/cycles.ts"
import { packageRules } from "../boundaries/packageRules.ts"
import { parsePackageTable } from "../boundaries/PackageTable.ts"
import { pureCore } from "../boundaries/pureCore.ts"
import { parseSourceFile } from "../boundaries/SourceFile.ts"

const table = parsePackageTable(`
| Folder | One responsibility | May import | May reach |
| --- | --- | --- | --- |
| \`packages/contracts\` | data | – | \`effect\` |
| \`packages/api\` | edge | \`contracts\` | \`effect\`, \`effect/http\`, \`node:*\` |
| \`packages/program\` | all | everything | everything |
`)
const manifests = new Map([["api", new Set(["vitest", "@dueline/port-contracts"])]])

const file = (path: string, text: string) => parseSourceFile(path, text)
const judge = (path: string, text: string) =>
  packageRules([file(path, text)], table, manifests).map(({ message }) => message)

describe("this workspace", () => {
  const breaches = checkBoundaries(join(import.meta.dirname, "../..")).map(
    ({ line, message, path }) => `${path}:${line} ${message}`
  )
  const about = (pattern: RegExp) => breaches.filter((breach) => pattern.test(breach))

  it("imports only what its table allows", { tags: ["ADR-0001.1"] }, () =>
    assert.deepStrictEqual(about(/may not import|no row|differ|leaves|declared/), [])
  )

  it(
    "imports nothing that Effect took into itself, and unstable modules only where they are owned",
    {
      tags: ["ADR-0010.1"]
    },
    () => assert.deepStrictEqual(about(/part of effect now|may not reach/), [])
  )

  it("reads clock and dice through Effect", { tags: ["ADR-0011.1"] }, () =>
    assert.deepStrictEqual(about(/Clock or Random|exemption/), [])
  )

  it("breaks no other boundary", () => assert.deepStrictEqual(breaches, []))
})

describe("the table of packages", { tags: ["ADR-0001.1"] }, () => {
  it("refuses a package that may not be imported, also for its types", () => {
    const message = ["contracts may not import api (docs/architecture.md)"]
    assert.deepStrictEqual(judge("packages/contracts/src/A.ts", `import { a } from "@dueline/api/A"`), message)
    assert.deepStrictEqual(judge("packages/contracts/src/A.ts", `import type { A } from "@dueline/api/A"`), message)
    assert.deepStrictEqual(judge("packages/contracts/src/A.ts", `const a = await import("@dueline/api/A")`), message)
    assert.deepStrictEqual(judge("packages/contracts/src/A.ts", `export { a } from "@dueline/api/A"`), message)
  })

  it("lets pass what may be imported, and everything where it says everything", () => {
    assert.deepStrictEqual(judge("packages/api/src/A.ts", `import { a } from "@dueline/contracts/A"`), [])
    assert.deepStrictEqual(judge("packages/program/src/A.ts", `import pg from "pg"; import "@dueline/api/A"`), [])
  })

  it("refuses a way round it by relative paths", () => {
    assert.lengthOf(judge("packages/contracts/src/A.ts", `import { a } from "../../api/src/A.ts"`), 1)
    assert.lengthOf(judge("packages/api/src/A.ts", `import { a } from "../test/A.ts"`), 1)
    assert.lengthOf(judge("packages/api/src/A.ts", `import { a } from "@dueline/api/B"`), 1)
  })

  it("refuses a package it does not name", () =>
    assert.lengthOf(judge("packages/utils/src/A.ts", `import { Effect } from "effect"`), 1))

  it("lets tests use what their manifest declares and nothing else", () => {
    assert.deepStrictEqual(judge("packages/api/test/a.test.ts", `import { a } from "@dueline/port-contracts/A"`), [])
    assert.lengthOf(judge("packages/api/test/a.test.ts", `import { a } from "@dueline/postgres/A"`), 1)
  })

  it("is missed when it is gone", () => assert.throws(() => parsePackageTable("# Architecture"), /missing/))
})

describe("modules of Effect", { tags: ["ADR-0010.1"] }, () => {
  it.each([
    `import { HttpRouter } from "effect/http"`,
    `import * as HttpRouter from "effect/http/HttpRouter"`,
    `import { SqlClient } from "effect/sql"`,
    `import { FileSystem } from "effect"`,
    `import { get } from "node:http"`
  ])("are refused outside the packages that own them: %s", (text) =>
    assert.lengthOf(judge("packages/contracts/src/A.ts", text), 1)
  )

  it("are allowed to their owners, stable ones to everyone", () => {
    assert.deepStrictEqual(judge("packages/api/src/A.ts", `import { HttpRouter } from "effect/http"`), [])
    assert.deepStrictEqual(judge("packages/contracts/src/A.ts", `import * as Schema from "effect/Schema"`), [])
  })

  it.each([`@effect/platform`, `@effect/schema/Schema`, `@effect/sql`, `@effect/cli`, `effect/unstable/http`])(
    "that used to be packages are refused everywhere: %s",
    (specifier) => assert.lengthOf(absorbedPackages([file("scripts/a.ts", `import "${specifier}"`)]), 1)
  )

  it("have living neighbours", () =>
    assert.deepStrictEqual(absorbedPackages([file("scripts/a.ts", `import "@effect/platform-node/NodeRuntime"`)]), []))
})

describe("the clock and the dice", { tags: ["ADR-0011.1"] }, () => {
  const path = "packages/timer/src/A.ts"
  const uses = (text: string, at = path) => ambientInputs([file(at, text)], []).length

  it.each([
    "Date.now()",
    "new Date()",
    "performance.now()",
    "Math.random()",
    "setTimeout(f, 1)",
    "setInterval(f, 1)",
    "crypto.randomUUID()",
    `import { randomUUID } from "node:crypto"`,
    `import { setTimeout as sleep } from "node:timers/promises"`,
    "const { now } = { now: Date.now }"
  ])("are not read directly: %s", (text) => assert.strictEqual(uses(text), 1))

  it.each(["new Date(0)", "Date.UTC(2026, 1)", "({ setTimeout: 1 })", "// Date.now()", `"Math.random()"`])(
    "are not seen where they are not read: %s",
    (text) => assert.strictEqual(uses(text), 0)
  )

  it("may be read in tests", () => assert.strictEqual(uses("Date.now()", "packages/timer/test/a.test.ts"), 0))

  it("may be read where an exemption says why, until it is not needed any more", () => {
    const exemptions = [{ path, names: ["Date.now"], reason: "the edge" }]
    assert.deepStrictEqual(ambientInputs([file(path, "Date.now()")], exemptions), [])
    assert.lengthOf(ambientInputs([file(path, "Math.random()")], exemptions), 2)
    assert.lengthOf(ambientInputs([file(path, "")], exemptions), 1)
  })
})

describe("an aggregate", () => {
  const folder = "packages/orchestration/src/bin"
  const breaches = (text: string) => pureCore([file(`${folder}/decide.ts`, text)]).length

  it.each([
    `import { Effect } from "effect"`,
    `import { type Clock, Schema } from "effect"`,
    `import * as Effect from "effect/Effect"`,
    `import { DateTime } from "effect"`,
    `import { readFileSync } from "node:fs"`,
    `import { Timer } from "@dueline/contracts/ports/Timer"`,
    `import { run } from "../engine/Writer.ts"`,
    "const at = new Date(0)"
  ])("is refused: %s", (text) => assert.isAbove(breaches(text), 0))

  it("is plain functions over plain data", () => {
    const text = `import { Result, Schema } from "effect"
import { Event } from "@dueline/contracts/bin/Event"
import type { Aggregate } from "../engine/Aggregate.ts"
import { evolve } from "./State.ts"`
    assert.strictEqual(breaches(text), 0)
  })
})

describe("files", () => {
  it("that only hand on others are refused", () =>
    assert.lengthOf(barrels([file("packages/api/src/index.ts", `export * from "./A.ts"`)]), 1))

  it("do not import each other in circles, across packages either", () => {
    const a = file("packages/a/src/A.ts", `import { b } from "@dueline/b/B"`)
    const b = file("packages/b/src/B.ts", `import { c } from "./C.ts"`)
    const closing = file("packages/b/src/C.ts", `import { a } from "@dueline/a/A"`)
    const open = file("packages/b/src/C.ts", `import type { A } from "@dueline/a/A"`)
    assert.lengthOf(cycles([a, b, closing]), 1)
    assert.lengthOf(cycles([a, b, open]), 0)
  })
})
