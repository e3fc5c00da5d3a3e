/** Every topic that messages leave the system on, with those of its kind: what is said there, in which form, and what it looks like. */
import { Schema } from "effect"
import { categories, type Category, type Joined, joinTables, kinds } from "../kinds.ts"
import type { PublicTopic } from "./topic.ts"

export type Topic = keyof Joined<(typeof kinds)[Category]["topics"]>

export const topics = joinTables<PublicTopic>(categories.map((category) => kinds[category].topics)) as Readonly<
  Record<Topic, PublicTopic>
>

export const topicNames = Object.keys(topics) as ReadonlyArray<Topic>

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
