/** Names that an object has twice, found in the text before a parser drops one. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { fieldsIn, repeatedAmong, repeatedName } from "../src/requests/repeatedName.ts"

describe("a name that is there twice", () => {
  it.prop("is in no text that was made of a value", [Schema.Json], ([value]) => {
    const text = JSON.stringify(value, null, 1)
    assert.isNull(repeatedName(text))
    assert.isNull(repeatedAmong(text, fieldsIn(JSON.parse(text))))
  })

  it.prop(
    "is found wherever the object stands, however the name is written",
    [Schema.String, Schema.Json],
    ([name, value]) => {
      const key = JSON.stringify(name)
      const escaped = `"${Array.from({ length: name.length }, (_, at) => `\\u${name.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")}"`
      const inner = `{${key} : ${JSON.stringify(value)}, ${escaped}:1}`
      for (const [text, ...place] of [
        [inner, name],
        [`[${JSON.stringify(value)}, ${inner}]`, 1, name],
        [`{"\\"{": ${inner}}`, '"{', name]
      ] as const) {
        assert.deepStrictEqual(repeatedName(text), place, text)
        assert.deepStrictEqual(repeatedAmong(text, fieldsIn(JSON.parse(text))), place, text)
      }
    }
  )

  it("may stand in two objects, and among values", () => {
    assert.isNull(repeatedName('{"a":{"a":1},"b":["a","a",{"a":"a"}]}'))
    assert.deepStrictEqual(repeatedName('{"a":{"b":1},"a":2}'), ["a"])
    assert.deepStrictEqual(repeatedName('{"x":[[1,2],{"a":[1,","],"b":0,"b":1}],"y":1}'), ["x", 1, "b"])
    const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`
    assert.isNull(repeatedAmong(deep, fieldsIn(JSON.parse(deep))))
  })
})
