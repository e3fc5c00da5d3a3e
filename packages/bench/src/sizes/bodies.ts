/** What larger bodies and answers cost. Of a body all is kept, sealed, until its call ends; of an answer the first few hundred characters. */
import { randomBytes } from "node:crypto"
import type { Figure } from "../Figures.ts"
import { answering, type Target } from "../Target.ts"
import { type Arm, inTurns } from "./inTurns.ts"

/** JSON of this many bytes, which no compression makes much smaller. */
export const bodyOf = (bytes: number): { readonly items: ReadonlyArray<string> } => {
  const items = Math.min(1_000, Math.ceil(bytes / 200))
  const each = Math.floor((bytes - '{"items":[]}'.length) / items) - '"",'.length
  return { items: Array.from({ length: items }, () => randomBytes(each).toString("base64").slice(0, each)) }
}

const kilobytes = [10, 200]

export const bodies = (target: Target, calls: number): Promise<ReadonlyArray<Figure>> => {
  const arm = (name: string, path: string, body?: ReturnType<typeof bodyOf>): Arm => ({
    name,
    prepare: async () => (i) => ({ url: `${target.url}${path}/${i}`, ...(body === undefined ? {} : { body }) })
  })
  return inTurns(
    [
      arm("plain beside bodies", ""),
      ...kilobytes.map((size) => arm(`body of ${size} KB`, "", bodyOf(size * 1_000))),
      ...kilobytes.map((size) => arm(`answer of ${size} KB`, answering(size * 1_000)))
    ],
    target,
    calls
  )
}
