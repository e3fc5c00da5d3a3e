import { assert, describe, test } from "vitest"
import { ProfileField } from "../../packages/contracts/src/customer/Spec.ts"
import { jsonSchemaOf } from "../../packages/contracts/src/topics/jsonSchema.ts"
import { topicNames, topics } from "../../packages/contracts/src/topics/topics.ts"
import { staleEventPages } from "../events.ts"
import { schemaProblems } from "./JsonSchemaCheck.ts"

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

    test(`${topic}: the example fits the schema`, () => {
      assert.deepStrictEqual(schemaProblems(published, example), [])
    })

    test(`${topic}: a message without one of its fields, or with one of another kind, is none`, () => {
      for (const name of Object.keys(example as object)) {
        const { [name]: _, ...less } = example as Readonly<Record<string, unknown>>
        assert.isNotEmpty(schemaProblems(published, less), name)
        assert.isNotEmpty(schemaProblems(published, { ...less, [name]: { of: "another kind" } }), name)
      }
    })

    test(`${topic}: no field could hold personal data`, () => {
      const names = fieldNames(published)
      assert.isNotEmpty(names)
      for (const field of [...ProfileField.literals, "profile", "sealed"]) assert.notInclude(names, field)
    })
  }
})
