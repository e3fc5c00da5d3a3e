/** Every topic that messages leave the system on, with those of its kind: what is said there, in which form, and what it looks like. */
import { type Joined, joinTables } from "../joinTables.ts"
import { type Category, categories, kinds } from "../kinds.ts"
import type { PublicTopic } from "./topic.ts"

export type Topic = keyof Joined<(typeof kinds)[Category]["topics"]>

export const topics = joinTables<PublicTopic>(categories.map((category) => kinds[category].topics)) as Readonly<
  Record<Topic, PublicTopic>
>

export const topicNames = Object.keys(topics) as ReadonlyArray<Topic>
