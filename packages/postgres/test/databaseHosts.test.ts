import { databaseHosts } from "@dueline/postgres/hosts/databaseHosts"
import { placeOf } from "@dueline/postgres/DatabaseTrouble"
import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"

describe("a URL of PostgreSQL servers", { tags: ["ADR-0052.2"] }, () => {
  it.each([
    ["postgres://a,b/dueline", ["postgres://a/dueline", "postgres://b/dueline"]],
    ["postgres://u:p@a:5432,b:5433/dueline", ["postgres://u:p@a:5432/dueline", "postgres://u:p@b:5433/dueline"]],
    [
      "postgres://u:p%2Cq@a,[::1]:5433/d?sslmode=require&target_session_attrs=primary",
      ["postgres://u:p%2Cq@a/d?sslmode=require", "postgres://u:p%2Cq@[::1]:5433/d?sslmode=require"]
    ],
    ["postgres://u:p@/d?host=a,b&port=1,2", ["postgres://u:p@a:1/d", "postgres://u:p@b:2/d"]],
    ["postgres://u:p@/d?host=a,b&port=7", ["postgres://u:p@a:7/d", "postgres://u:p@b:7/d"]]
  ])("with a list names each of them in its order: %s", (text, urls) => {
    assert.deepStrictEqual(databaseHosts(text), urls)
    for (const url of urls) assert.isTrue(URL.canParse(url), url)
  })

  it.each([
    "postgres://u:p@a/dueline",
    "postgres://u:p,q@a/dueline",
    "postgres://u@/dueline?host=/run/postgresql",
    "postgres://u@/dueline?host=/run/postgresql&port=5433",
    "no URL at all",
    ""
  ])("with one is left as it is: %j", (text) => {
    assert.deepStrictEqual(databaseHosts(text), [text])
  })

  it.each(["any", "read-write", "primary"])("may say that it wants the one that takes writes: %s", (which) => {
    assert.deepStrictEqual(databaseHosts(`postgres://a/d?target_session_attrs=${which}&sslmode=require`), [
      "postgres://a/d?sslmode=require"
    ])
  })

  it.each([
    ["postgres://a,b/d?target_session_attrs=standby", /works on the server that takes writes/u],
    ["postgres://a/d?target_session_attrs=read-only", /works on the server that takes writes/u],
    ["postgresql://a,b/d?load_balance_hosts=random", /leave it out/u],
    ["postgres://a,,b/d", /an empty name/u],
    ["postgres://u@/d?host=a,b,c&port=1,2", /3 hosts and 2 ports/u],
    ["postgres://u@/d?host=/run/a,b", /a socket among several hosts/u],
    [`postgres://${Array.from({ length: 17 }, (_, n) => `h${n}`).join(",")}/d`, /17 hosts, and 16/u]
  ])("that asks for something else is refused, with what to write: %s", (text, words) => {
    assert.match(String(databaseHosts(text)), words)
  })

  it("is shown by its hosts and database alone", () => {
    assert.strictEqual(placeOf(Redacted.make("postgres://u:p@a,b:5433/d?sslmode=require")), "a:5432,b:5433/d")
  })
})
