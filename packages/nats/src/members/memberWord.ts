/** What a process says of itself, four times a second, on the wire. */
import { Role } from "@dueline/contracts/Role"
import { Option, Schema } from "effect"
import type { Heartbeat } from "./MemberTable.ts"

const Word = Schema.fromJsonString(
  Schema.Struct({
    v: Schema.Literal(1),
    id: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{1,100}$/u)),
    roles: Schema.Array(Role),
    state: Schema.Literals(["serving", "leaving"]),
    /** The sender is new and would like to hear from everyone now. */
    hello: Schema.optionalKey(Schema.Literal(true))
  })
)
const decode = Schema.decodeUnknownOption(Word)

/** Null when it is not understood. */
export const readWord = (text: string) => Option.getOrNull(decode(text))

export const wordText = (said: Heartbeat, hello: boolean): string =>
  JSON.stringify({ v: 1, ...said, ...(hello ? { hello } : {}) })
