import { assert, describe, it } from "vitest"
import { judgeSizes, oversized } from "../sizeRatchet.ts"

const lines = (count: number, line = "const a = 1") => `${line}\n`.repeat(count)
const functionOf = (count: number, name: string) => `const ${name} = () => {\n${lines(count - 2, "  act()")}}\n`

describe("the size of", () => {
  it("a file is measured in lines, with more room for tests", () => {
    assert.deepStrictEqual([...oversized("packages/a/src/A.ts", lines(151))], [["packages/a/src/A.ts", 151]])
    assert.strictEqual(oversized("packages/a/src/A.ts", lines(150)).size, 0)
    assert.strictEqual(oversized("packages/a/test/a.test.ts", lines(300)).size, 0)
  })

  it("a function is measured at its outermost, with more room for what builds a layer", () => {
    assert.strictEqual(oversized("scripts/a.ts", functionOf(61, "decide")).get("scripts/a.ts#decide"), 61)
    assert.strictEqual(oversized("scripts/a.ts", functionOf(60, "decide")).size, 0)
    assert.strictEqual(oversized("scripts/a.ts", functionOf(100, "makeWriter")).size, 0)
  })

  it("a line ends at 140 characters", () =>
    assert.strictEqual(oversized("scripts/a.ts", `// ${"x".repeat(138)}\n`).get("scripts/a.ts#longest line"), 141))
})

describe("an exception", () => {
  const found = new Map([["a.ts", 200]])

  it("holds as long as it does not grow", () => {
    assert.deepStrictEqual(judgeSizes(found, { "a.ts": 200 }), [])
    assert.lengthOf(judgeSizes(found, { "a.ts": 199 }), 1)
    assert.lengthOf(judgeSizes(found, {}), 1)
  })

  it("is taken back as soon as it shrank or is gone", () => {
    assert.lengthOf(judgeSizes(found, { "a.ts": 210 }), 1)
    assert.lengthOf(judgeSizes(new Map(), { "a.ts": 200 }), 1)
  })
})
