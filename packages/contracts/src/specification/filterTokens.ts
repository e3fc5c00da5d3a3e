/** The words, values and marks that a filter is made of. */
import { Result } from "effect"
import { type FilterProblem, misfit } from "./FilterProblem.ts"

export interface Token {
  readonly kind: "word" | "text" | "number" | "mark" | "end"
  /** As it stands in the filter. */
  readonly source: string
  readonly position: number
}

/** Texts and numbers are those of JSON. Each begins with another character, so reading is linear in the length. */
const forms = {
  word: /[A-Za-z_]\w*/u,
  text: /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"/u,
  number: /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/u,
  mark: /[(),]/u,
  end: /$/u
} as const

const kinds = ["word", "text", "number", "mark", "end"] as const
const next = new RegExp(`[ \\t\\r\\n]*(?:${kinds.map((kind) => `(?<${kind}>${forms[kind].source})`).join("|")})`, "uy")

/** The last token is always the end. */
export const filterTokens = (text: string): Result.Result<ReadonlyArray<Token>, FilterProblem> => {
  const tokens: Array<Token> = []
  next.lastIndex = 0
  for (;;) {
    const from = next.lastIndex
    const { groups = {} } = next.exec(text) ?? {}
    const kind = kinds.find((candidate) => groups[candidate] !== undefined)
    if (kind === undefined) return Result.fail(stranger(text, from))
    const source = groups[kind] ?? ""
    tokens.push({ kind, source, position: next.lastIndex - source.length })
    if (kind === "end") return Result.succeed(tokens)
  }
}

const stranger = (text: string, from: number): FilterProblem => {
  const source = text.slice(from).trimStart()
  const at = { position: text.length - source.length, source }
  return source.startsWith('"')
    ? misfit("malformed", at, ['a text that ends with " and has no escapes but those of JSON'])
    : misfit("malformed", at, ["a word", 'a text in "double quotes"', "a number", "(", ")", ","])
}
