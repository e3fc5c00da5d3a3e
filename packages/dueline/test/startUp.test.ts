/** What a start loads, which is half of what it costs: how soon a killed process has a successor depends on it. */
import { assert, describe, it } from "@effect/vitest"
import { loadedBy } from "@dueline/test-servers/programFile"

const program = new URL("../src/serve.ts", import.meta.url).href

describe("the start of a program", () => {
  it("loads neither the clients of servers that may not be configured nor pages that may not be asked for", async () => {
    const urls = await loadedBy(program)
    assert.isTrue(urls.some((url) => url.endsWith("/dueline/src/Program.ts")))
    assert.deepStrictEqual(
      urls.filter((url) =>
        /\/node_modules\/(@redis|redis|@nats-io|redoc)\/|\/packages\/nats\/|httpApiSwagger/u.test(url)
      ),
      []
    )
  })
})
