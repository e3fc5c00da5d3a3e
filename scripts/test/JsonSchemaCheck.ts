/**
 * Judges a value by a JSON Schema, written apart from what generates ours. Knows the keywords that are used there and no others: one that
 * it does not know is a mistake, not something to pass over.
 */
type Node = Readonly<Record<string, unknown>>

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && !Array.isArray(value)

const isOfType: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isNode,
  array: Array.isArray,
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  integer: Number.isInteger,
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null
}

const silent = new Set(["$schema", "$id", "$defs", "title", "description", "examples"])

/** What is wrong with `value`, each with the place where. */
export const schemaProblems = (schema: Node, value: unknown): ReadonlyArray<string> => {
  const definitions = isNode(schema["$defs"]) ? schema["$defs"] : {}
  const judge = (node: Node, value: unknown, at: string): ReadonlyArray<string> =>
    Object.entries(node).flatMap(([keyword, rule]) =>
      silent.has(keyword) ? [] : keywordProblems(keyword, rule, value, at)
    )
  const keywordProblems = (keyword: string, rule: unknown, value: unknown, at: string): ReadonlyArray<string> => {
    const unless = (fine: boolean | undefined): ReadonlyArray<string> =>
      fine ? [] : [`${at}: ${keyword} ${JSON.stringify(rule)}`]
    switch (keyword) {
      case "$ref": {
        const target = definitions[String(rule).replace("#/$defs/", "")]
        return isNode(target) ? judge(target, value, at) : [`${at}: nothing is called ${String(rule)}`]
      }
      case "type":
        return unless(isOfType[String(rule)]?.(value))
      case "enum":
        return unless((rule as ReadonlyArray<unknown>).includes(value))
      case "anyOf":
        return unless((rule as ReadonlyArray<Node>).some((one) => judge(one, value, at).length === 0))
      case "required":
        return unless(isNode(value) && (rule as ReadonlyArray<string>).every((name) => name in value))
      case "properties":
        return Object.entries(rule as Readonly<Record<string, Node>>).flatMap(([name, one]) =>
          isNode(value) && name in value ? judge(one, value[name], `${at}.${name}`) : []
        )
      case "additionalProperties":
        return unless(rule === true)
      case "items":
        return Array.isArray(value) ? value.flatMap((one, i) => judge(rule as Node, one, `${at}[${i}]`)) : []
      case "maxItems":
        return unless(Array.isArray(value) && value.length <= Number(rule))
      case "minimum":
        return unless(Number(value) >= Number(rule))
      case "maximum":
        return unless(Number(value) <= Number(rule))
      case "maxLength":
        return unless([...String(value)].length <= Number(rule))
      case "pattern":
        return unless(new RegExp(String(rule), "u").test(String(value)))
      default:
        throw new Error(`${at}: the keyword ${keyword} is not known here`)
    }
  }
  return judge(schema, value, "message")
}
