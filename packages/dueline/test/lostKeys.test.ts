import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { homeAt } from "../src/Home.ts"
import { makeFirstKeys, refuseLostKeys } from "../src/LostKeys.ts"

const fresh = Effect.acquireRelease(
  Effect.sync(() => homeAt(mkdtempSync(join(tmpdir(), "dueline-lost-")))),
  ({ path }) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

it.effect("keys that are missing beside a database are refused unless new ones are asked for", () =>
  Effect.gen(function* () {
    const home = yield* fresh
    yield* refuseLostKeys(home, false)
    mkdirSync(home.data, { recursive: true })
    const { message } = yield* Effect.flip(refuseLostKeys(home, false))
    assert.include(message, home.vaultKeys)
    assert.include(message, "DUELINE_NEW_KEYS=yes")
    yield* refuseLostKeys(home, true)
  })
)

it.effect("a command that makes a database makes keys first, and none for a database that has lost them", () =>
  Effect.gen(function* () {
    const home = yield* fresh
    yield* makeFirstKeys(home)
    mkdirSync(home.data, { recursive: true })
    yield* refuseLostKeys(home, false)
    rmSync(home.vaultKeys)
    yield* makeFirstKeys(home)
    assert.isFalse(existsSync(home.vaultKeys))
  })
)
