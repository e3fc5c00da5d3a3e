/** That a further kind of aggregate is a handful of files is tried on a copy of this tree. */
import { execFile } from "node:child_process"
import { join } from "node:path"
import { assert, it } from "vitest"
import { Trial } from "../kinds/Trial.ts"

const root = join(import.meta.dirname, "..", "..")
const minutes = 10

const output = (args: ReadonlyArray<string>) =>
  new Promise<{ readonly code: number; readonly text: string }>((resolve) => {
    execFile(process.execPath, ["scripts/kinds/main.ts", ...args], { cwd: root, maxBuffer: 1e8 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : 1, text: out + err })
    )
  })

it("a kind of aggregate is added in few files, and passes its tests in memory, on PostgreSQL and over HTTP", {
  tags: ["ADR-0028.4"],
  timeout: minutes * 60_000
}, async () => {
  const { code, text } = await output(["--short"])
  assert.strictEqual(code, 0, text)
  assert.include(text, "its tests pass in memory, on PostgreSQL and over HTTP")
})

it("a place that is not there any more is named, and a file that is there is not written over", () => {
  const trial = new Trial(root, ["packages/contracts/src/kinds.ts"])
  try {
    const touched = (after: string) => ({ _tag: "touched" as const, edits: [{ after, text: "" }] })
    const part = { path: "packages/contracts/src/kinds.ts", role: "source" as const }
    assert.throws(() => trial.apply({ ...part, change: touched("no such line") }), /no such line/)
    assert.throws(() => trial.apply({ ...part, change: { _tag: "new", text: "" } }), /is there already/)
  } finally {
    trial.remove()
  }
})
