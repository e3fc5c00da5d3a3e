import { assert, describe, it } from "@effect/vitest"
import { redirectTarget } from "../src/egress/UndiciHttpClient.ts"

const follow = (from: string, status: number, location: string | undefined, method: "GET" | "POST" = "GET") => {
  const result = redirectTarget(new URL(from), method, status, location)
  return result._tag === "Follow" ? result.url.href : result._tag
}

describe("redirectTarget", { tags: ["ADR-0012.6"] }, () => {
  it("follows within the host, relative or absolute", () => {
    assert.strictEqual(follow("http://a.test/x/y", 302, "../z?q=1"), "http://a.test/z?q=1")
    assert.strictEqual(follow("http://a.test:81/x", 301, "http://a.test:81/z"), "http://a.test:81/z")
  })

  it("lets http become https on the same host, and never the other way", () => {
    assert.strictEqual(follow("http://a.test/x", 308, "https://a.test/x"), "https://a.test/x")
    assert.strictEqual(follow("https://a.test/x", 308, "http://a.test/x"), "Refused")
  })

  it.each([
    "http://b.test/",
    "//b.test/",
    "http://a.test:82/",
    "http://a.test.b.test/",
    "https://a.test:8443/",
    "ftp://a.test/",
    "http://u:p@a.test/",
    "http://"
  ])("refuses to go on to %s", (location) => assert.strictEqual(follow("http://a.test/x", 307, location), "Refused"))

  it("keeps a method that has a body, or refuses", () => {
    for (const status of [301, 302, 303]) assert.strictEqual(follow("http://a.test/x", status, "/y", "POST"), "Refused")
    for (const status of [307, 308])
      assert.strictEqual(follow("http://a.test/x", status, "/y", "POST"), "http://a.test/y")
  })

  it("leaves an answer that sends nobody anywhere alone", () => {
    assert.strictEqual(follow("http://a.test/x", 302, undefined), "Final")
    assert.strictEqual(follow("http://a.test/x", 201, "/created"), "Final")
    assert.strictEqual(follow("http://a.test/x", 304, "/y"), "Final")
  })
})
