import { Ajv2020 } from "ajv/dist/2020.js"
import { readFileSync } from "node:fs"
import { assert, describe, test } from "vitest"
import { ProfileField } from "../../packages/contracts/src/customer/Customer.ts"
import { dropbinExample, payloadSchema } from "../../packages/contracts/src/ingestion/DropbinEndpoints.ts"
import { jsonSchemaOf, topicNames, topics } from "../../packages/contracts/src/topics/topics.ts"
import { staleEventPages } from "../events.ts"

/** Strict: a keyword that it does not know is a mistake in the schema, not something to pass over. Formats stand beside patterns, which it keeps. */
const ajv = new Ajv2020({ allErrors: true, strictSchema: true, formats: { uuid: true, "date-time": true } })

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

describe("the schema of payloads", () => {
  const accepts = ajv.compile(payloadSchema())
  const shown = readFileSync(new URL("../../docs/ingestion.md", import.meta.url), "utf8")
  const [example = ""] = [...shown.matchAll(/```json\n(\{ "customerId".*?)```/gsu)].map(([, text]) => text)

  test("takes the payload of the document, which is that of the API's own", () => {
    const payload: unknown = JSON.parse(example)
    assert.isTrue(accepts(payload), ajv.errorsText(accepts.errors))
    assert.deepStrictEqual(payload, dropbinExample.payload)
  })

  test("takes none without one of the fields that it needs, or with one that it does not know", () => {
    const payload = JSON.parse(example) as Readonly<Record<string, unknown>>
    for (const name of ["customerId", "binId", "kind", "window"]) {
      const { [name]: _, ...less } = payload
      assert.isFalse(accepts(less), name)
    }
    assert.isFalse(accepts({ ...payload, urgent: true }))
  })
})
