import { urlMistake } from "@dueline/postgres/urlMistake"
import { assert, describe, it } from "@effect/vitest"

describe("a URL of a PostgreSQL server", { tags: ["ADR-0026.1"] }, () => {
  it.each([
    "postgres://a,b/dueline",
    "postgres://u:p@a:5432,b:5433/dueline",
    "postgres://u:p@/dueline?host=a,b",
    "postgres://u:p@a/dueline?port=1,2",
    "postgres://u:p@a/dueline?target_session_attrs=read-write",
    "postgresql://u:p@a/dueline?load_balance_hosts=random"
  ])("that leaves a choice of servers is refused, with what to name instead: %s", (url) => {
    assert.match(
      urlMistake(url) ?? "",
      /connects to one address: name the one that always leads to the server that takes writes/u
    )
  })

  it.each([
    "",
    "postgres://u:p@a/dueline",
    "postgres://u:p,q@a/dueline",
    "postgres://u@/dueline?host=/run/postgresql",
    "postgres://u:p@a/dueline?target_session_attrs=any&sslmode=require",
    "no URL at all"
  ])("that names one is nothing to say of: %j", (url) => {
    assert.isNull(urlMistake(url))
  })
})
