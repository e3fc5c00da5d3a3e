import { Ajv2020 } from "ajv/dist/2020.js"
import { assert, describe, test } from "vitest"
import { ProfileField } from "../../packages/contracts/src/customer/Customer.ts"
import { jsonSchemaOf, topicNames, topics } from "../../packages/contracts/src/topics/topics.ts"
import { staleEventPages } from "../events.ts"

/** Strict: a keyword that it does not know is a mistake in the schema, not something to pass over. */
const ajv = new Ajv2020({ allErrors: true, strictSchema: true })

/** Every name of a field, at any depth. */
const fieldNames = (node: unknown): ReadonlyArray<string> => {
  if (Array.isArray(node)) return node.flatMap(fieldNames)
  if (typeof node !== "object" || node === null) return []
  const properties =
    "properties" in node && typeof node.properties === "object" ? Object.keys(node.properties ?? {}) : []
  return [...properties, ...Object.values(node).flatMap(fieldNames)]
}

describe("the description of messages", () => {
  test("is what the code says (pnpm events --write)", () => {
    assert.deepStrictEqual(staleEventPages(), [])
  })

  for (const topic of topicNames) {
    const { example } = topics[topic]
    const published = jsonSchemaOf(topic)
    const accepts = ajv.compile(published)

    test(`${topic}: the example fits the schema`, () => {
      assert.isTrue(accepts(example), ajv.errorsText(accepts.errors))
    })

    test(`${topic}: a message without one of its fields, or with one of another kind, is none`, () => {
      for (const name of Object.keys(example as object)) {
        const { [name]: _, ...less } = example as Readonly<Record<string, unknown>>
        assert.isFalse(accepts(less), name)
        assert.isFalse(accepts({ ...less, [name]: { of: "another kind" } }), name)
      }
    })

    test(`${topic}: no field could hold personal data`, () => {
      const names = fieldNames(published)
      assert.isNotEmpty(names)
      for (const field of [...ProfileField.literals, "profile", "sealed"]) assert.notInclude(names, field)
    })
  }
})
