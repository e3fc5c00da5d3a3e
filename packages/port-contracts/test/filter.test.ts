/** What callers may write as a filter, how it is understood, and what they are told when it is not. */
import { binFields } from "@dueline/contracts/bin/Bin"
import { orderFields } from "@dueline/contracts/order/Order"
import { type FilterProblem, parseFilter } from "@dueline/contracts/specification/parseFilter"
import { printFilter } from "./printFilter.ts"
import type { Fields, Specification } from "@dueline/contracts/specification/Specification"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"

const fields: Fields<{ readonly full: boolean }> = { full: { type: "boolean", read: ({ full }) => full } }
const equals = (field: string, value: string | number | boolean): Specification => ({ _tag: "Equals", field, value })
const read = (text: string) => Result.getOrThrow(parseFilter(binFields, text))
const problem = (text: string, of: Fields<never> = binFields) => Result.getOrThrow(Result.flip(parseFilter(of, text)))

describe("a filter", () => {
  it("is understood as it reads", () => {
    const text =
      'status eq "Active" and (sizeLitres gt 1000 or not category in ("skip","tank")) ' +
      'and serialNumber startswith "A-" and customerId missing'
    assert.deepStrictEqual(read(text), {
      _tag: "And",
      all: [
        equals("status", "Active"),
        {
          _tag: "Or",
          any: [
            { _tag: "Above", field: "sizeLitres", value: 1000 },
            { _tag: "Not", not: { _tag: "OneOf", field: "category", values: ["skip", "tank"] } }
          ]
        },
        { _tag: "StartsWith", field: "serialNumber", part: "A-" },
        { _tag: "Missing", field: "customerId" }
      ]
    })
  })

  it("binds not before and, and and before or", () => {
    assert.deepStrictEqual(read("version eq 1 or not version eq 2 and version eq 3"), {
      _tag: "Or",
      any: [
        equals("version", 1),
        { _tag: "And", all: [{ _tag: "Not", not: equals("version", 2) }, equals("version", 3)] }
      ]
    })
  })

  it("knows at least and at most, which are false where there is no value", () => {
    const beyond = { field: "lat", value: -1.5 }
    assert.deepStrictEqual(read("lat ge -1.5"), {
      _tag: "Or",
      any: [{ _tag: "Above", ...beyond }, equals("lat", -1.5)]
    })
    assert.deepStrictEqual(read("lat le -15e-1"), {
      _tag: "Or",
      any: [{ _tag: "Below", ...beyond }, equals("lat", -1.5)]
    })
  })

  it("takes instants with any offset and as epoch milliseconds", () => {
    const text = '"2026-01-31T10:00:00+01:00" "2026-01-31T09:00:00.000Z" 1769850000000'
    const values = text.split(" ").map((value) => Result.getOrThrow(parseFilter(orderFields, `windowFrom lt ${value}`)))
    const below: Specification = { _tag: "Below", field: "windowFrom", value: 1_769_850_000_000 }
    assert.deepStrictEqual(values, [below, below, below])
  })

  it("takes texts with the escapes of JSON, whatever they hold", () => {
    assert.deepStrictEqual(read(String.raw`serialNumber contains "\"\\é\u00e9' or 1=1 --"`), {
      _tag: "Contains",
      field: "serialNumber",
      part: "\"\\éé' or 1=1 --"
    })
  })

  it("takes truth values, and true and false alone for everything and nothing", () => {
    assert.deepStrictEqual(Result.getOrThrow(parseFilter(fields, "full ne false or false")), {
      _tag: "Or",
      any: [
        { _tag: "Not", not: equals("full", false) },
        { _tag: "Or", any: [] }
      ]
    })
    assert.deepStrictEqual(read("true"), { _tag: "And", all: [] })
  })

  it.each([
    ["((version  eq 1.50)) and true", "version eq 1.5 and true"],
    ["lat le 1 or lat ge 2 or false", "lat le 1 or lat ge 2 or false"],
    ["lat lt 1 or lat eq 1", "lat le 1"],
    ["lat lt 1 or lat eq 2", "lat lt 1 or lat eq 2"],
    ["lat lt 1 or lon eq 1", "lat lt 1 or lon eq 1"],
    ["lat lt 1 or lat eq 1 or lon eq 1", "lat lt 1 or lat eq 1 or lon eq 1"],
    ["lat eq 1 or lat lt 1", "lat eq 1 or lat lt 1"],
    ["not version eq 1 and not (lat missing and lon missing)", "version ne 1 and not (lat missing and lon missing)"],
    ["(lat lt 1 or lon lt 1) and ((lat gt 0))", "(lat lt 1 or lon lt 1) and lat gt 0"],
    ['createdAt lt "1970-01-01T00:00:01Z"', "createdAt lt 1000"]
  ])("%s is printed as %s", (text, printed) => {
    assert.strictEqual(printFilter(read(text)), printed)
  })

  it("is no longer than 2,000 characters, no deeper than 20, and has at most 50 comparisons and 50 values in a list", () => {
    const padded = (length: number) => `version eq 1${" ".repeat(length - 12)}`
    const deep = (levels: number) => `${"not ( ".repeat(levels / 2)}version missing${")".repeat(levels / 2)}`
    const many = (count: number) => Array.from({ length: count }, () => "version ge 1").join(" and ")
    const list = (count: number) => `version in (${Array.from({ length: count }, (_, n) => n).join(",")})`
    for (const text of [padded(2_000), deep(20), many(50), list(50)]) read(text)
    for (const [text, limit] of [
      [padded(2_001), "2000 characters"],
      [deep(22), "20 levels"],
      [many(51), "50 comparisons"],
      [list(51), "50 values"]
    ] as const) {
      const { code, message } = problem(text)
      assert.strictEqual(code, "too_large")
      assert.include(message, limit)
    }
  })
})

describe("a filter that cannot be read", () => {
  const names = Object.keys(binFields)
  const text = ["eq", "ne", "in", "contains", "startswith", "missing"]
  const number = ["eq", "ne", "in", "lt", "le", "gt", "ge", "missing"]
  const statuses = ['"Active"', '"Maintenance"', '"Retired"']

  it.each<readonly [string, FilterProblem["code"], number, ReadonlyArray<string>]>([
    ["colour eq 1", "unknown_field", 0, names],
    ["constructor eq 1", "unknown_field", 0, names],
    ["version eq 1 and Version eq 2", "unknown_field", 17, names],
    ["status lt 5", "wrong_type", 7, text],
    ['version contains "1"', "wrong_type", 8, number],
    ['version eq "1"', "wrong_type", 11, ["a number"]],
    ["version eq 1e400", "wrong_type", 11, ["a number"]],
    ["serialNumber eq 1", "wrong_type", 16, ['a text in "double quotes"']],
    [
      'createdAt gt "yesterday"',
      "wrong_type",
      13,
      ['an instant such as "2026-01-31T09:00:00Z"', "whole milliseconds since 1970"]
    ],
    [
      'createdAt gt "2026-02-30T00:00:00Z"',
      "wrong_type",
      13,
      ['an instant such as "2026-01-31T09:00:00Z"', "whole milliseconds since 1970"]
    ],
    [
      "createdAt gt 1.5",
      "wrong_type",
      13,
      ['an instant such as "2026-01-31T09:00:00Z"', "whole milliseconds since 1970"]
    ],
    ['status eq "active"', "unknown_value", 10, statuses],
    ['status in ("Active", "Gone")', "unknown_value", 21, statuses],
    ["", "malformed", 0, ["not", "(", ...names]],
    ["version eq 1 and", "malformed", 16, ["not", "(", ...names]],
    ["version = 1", "malformed", 8, ["a word", 'a text in "double quotes"', "a number", "(", ")", ","]],
    ["version is 1", "malformed", 8, number],
    ["version", "malformed", 7, number],
    ["version eq 1 version eq 2", "malformed", 13, ["and", "or", "the end"]],
    ["version eq 1)", "malformed", 12, ["and", "or", "the end"]],
    ["(version eq 1", "malformed", 13, ["and", "or", ")"]],
    ["version in 1", "malformed", 11, ["("]],
    ["version in (1 2)", "malformed", 14, [",", ")"]],
    ["version in ()", "wrong_type", 12, ["a number"]],
    ["serialNumber eq 'A'", "malformed", 16, ["a word", 'a text in "double quotes"', "a number", "(", ")", ","]],
    ['serialNumber eq "A', "malformed", 16, ['a text that ends with " and has no escapes but those of JSON']],
    ['serialNumber eq "\\x"', "malformed", 16, ['a text that ends with " and has no escapes but those of JSON']],
    ['serialNumber eq "\n"', "malformed", 16, ['a text that ends with " and has no escapes but those of JSON']]
  ])("%s is %s at %i", { tags: ["ADR-0016.4"] }, (filter, code, position, expected) => {
    assert.deepInclude(problem(filter), { code, position, expected })
  })

  it("is answered with a sentence that a caller can act upon", () => {
    assert.strictEqual(
      problem('kind eq "lift"', orderFields).message,
      'at character 9: kind is never that: expected one of "delivery", "pickup", "swap", found "lift"'
    )
    assert.strictEqual(
      problem("full", fields).message,
      "at character 5: full is of type boolean: expected one of eq, ne, missing, found the end"
    )
  })
})
