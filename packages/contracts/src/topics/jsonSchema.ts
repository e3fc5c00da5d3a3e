/** A topic's messages as JSON Schema, draft 2020-12: what is published for those who listen. */
import { Schema } from "effect"
import { type Topic, topics } from "./topics.ts"

/** The name that the schema is known by, also in files: `ops.bin.created.v1`. */
export const schemaName = (topic: Topic): string => `${topic}.v${topics[topic].version}`

/** Fields that are not named are allowed: a version may get more of them. */
export const jsonSchemaOf = (topic: Topic): Readonly<Record<string, unknown>> => {
  const { example, schema, when } = topics[topic]
  const { definitions, schema: root } = Schema.toJsonSchemaDocument(schema)
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `urn:dueline:${schemaName(topic)}`,
    title: topic,
    description: when,
    ...root,
    $defs: definitions,
    examples: [example]
  }
}
