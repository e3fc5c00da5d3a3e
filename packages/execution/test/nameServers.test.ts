import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { parseHosts, parseResolvConf, searchNames } from "../src/egress/nameFiles.ts"
import type { NameAnswer } from "../src/egress/Names.ts"
import { NameServers, togetherOf } from "../src/egress/NameServers.ts"
import { listenForNames, noSuchName, refused, type Said, serverFailure } from "./nameServer.ts"

const ask = (servers: NameServers, name: string) =>
  Effect.callback<NameAnswer>((resume) => servers.ask(name, (answer) => resume(Effect.succeed(answer))))

const shortOf = (answer: NameAnswer): string =>
  answer._tag === "Addresses"
    ? `${answer.addresses.map(({ address }) => address).join()} for ${answer.ttlMs} ms`
    : answer._tag

const zone: Readonly<Record<string, Said>> = {
  "both.test": { a: ["192.0.2.1", "192.0.2.2"], aaaa: ["2001:db8:0:0:0:0:0:1"], ttl: 7 },
  "four.test": { a: ["192.0.2.1"] },
  "six.test": { aaaa: ["2001:db8:0:0:0:0:0:1"] },
  "half.test": { a: ["192.0.2.1"], aaaa: "silence" },
  "empty.test": {},
  "failing.test": serverFailure,
  "refused.test": refused,
  "silent.test": "silence"
}

const asking = Effect.gen(function* () {
  const server = yield* listenForNames((name) => zone[name] ?? noSuchName)
  const servers = new NameServers(() => 0, [server.address], "/nowhere")
  yield* Effect.addFinalizer(() => Effect.sync(() => servers.close()))
  return { servers, asked: server.asked }
})

describe("name servers", () => {
  const said = [
    ["both.test", "192.0.2.1,192.0.2.2,2001:db8::1 for 7000 ms"],
    ["four.test", "192.0.2.1 for 60000 ms"],
    ["six.test", "2001:db8::1 for 60000 ms"],
    ["half.test", "192.0.2.1 for 60000 ms"],
    ["empty.test", "NoSuchName"],
    ["missing.test", "NoSuchName"],
    [`${"x".repeat(64)}.test`, "NoSuchName"],
    ["failing.test", "Unanswered"],
    ["refused.test", "Unanswered"]
  ] as const

  it.live("say what they know of a name, that it is not there, or nothing that can be relied on", () =>
    Effect.gen(function* () {
      const { servers } = yield* asking
      for (const [name, expected] of said) assert.strictEqual(shortOf(yield* ask(servers, name)), expected, name)
    }).pipe(Effect.scoped)
  )

  it.live("are never asked for localhost, for names that cannot exist, nor for what the hosts file says", () =>
    Effect.gen(function* () {
      const server = yield* listenForNames(() => noSuchName)
      const directory = mkdtempSync(join(tmpdir(), "dueline-hosts-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(directory, { recursive: true })))
      const path = join(directory, "hosts")
      writeFileSync(path, "192.0.2.7 Fixed.test other.test # fixed\n")
      let now = 0
      const servers = new NameServers(() => now, [server.address], path)
      for (const name of ["localhost", "a.localhost"]) {
        assert.strictEqual(shortOf(yield* ask(servers, name)), "127.0.0.1,::1 for 0 ms")
      }
      assert.strictEqual(shortOf(yield* ask(servers, "never.invalid")), "NoSuchName")
      assert.strictEqual(shortOf(yield* ask(servers, "fixed.test")), "192.0.2.7 for 0 ms")
      assert.strictEqual(shortOf(yield* ask(servers, "other.test.")), "192.0.2.7 for 0 ms")
      writeFileSync(path, "192.0.2.8 fixed.test\n192.0.2.9 fixed.test\n")
      assert.strictEqual(shortOf(yield* ask(servers, "fixed.test")), "192.0.2.7 for 0 ms")
      now = 1_000
      assert.strictEqual(shortOf(yield* ask(servers, "fixed.test")), "192.0.2.8,192.0.2.9 for 0 ms")
      assert.deepStrictEqual(server.asked, [])
    }).pipe(Effect.scoped)
  )

  it.live("that do not answer are not waited for when this ends", () =>
    Effect.gen(function* () {
      const { asked, servers } = yield* asking
      const waiting = yield* Effect.forkChild(ask(servers, "silent.test"), { startImmediately: true })
      while (asked.length === 0) yield* Effect.sleep(1)
      servers.close()
      assert.strictEqual((yield* Fiber.join(waiting))._tag, "Unanswered")
    }).pipe(Effect.scoped)
  )
})

describe("what both families say together", () => {
  const four = { addresses: [{ address: "192.0.2.1", family: 4 }], ttlMs: 9_000 }
  const six = { addresses: [{ address: "2001:db8::1", family: 6 }], ttlMs: 3_000 }

  it("is addresses whenever there are any, for the shorter time", () => {
    assert.strictEqual(shortOf(togetherOf([four, six])), "192.0.2.1,2001:db8::1 for 3000 ms")
    for (const other of [{ missing: "ENODATA" }, { missing: "ENOTFOUND" }, { failed: "ESERVFAIL" }]) {
      assert.strictEqual(shortOf(togetherOf([other, four])), "192.0.2.1 for 9000 ms")
    }
  })

  it("is that there is none when one family says so of the name itself, and nothing when one of them is silent", () => {
    assert.strictEqual(shortOf(togetherOf([{ missing: "ENOTFOUND" }, { failed: "ETIMEOUT" }])), "NoSuchName")
    assert.strictEqual(shortOf(togetherOf([{ missing: "ENODATA" }, { missing: "ENODATA" }])), "NoSuchName")
    assert.strictEqual(shortOf(togetherOf([{ missing: "ENODATA" }, { failed: "ETIMEOUT" }])), "Unanswered")
    assert.strictEqual(shortOf(togetherOf([{ failed: "ESERVFAIL" }, { failed: "ESERVFAIL" }])), "Unanswered")
  })
})

describe("names that are not whole", () => {
  it("are tried with the search list, before or after the name itself by its dots", () => {
    const rules = parseResolvConf(
      "# x\nnameserver 192.0.2.53\ndomain old.test\nsearch A.test. b.test ; y\noptions ndots:2 rotate\n"
    )
    assert.deepStrictEqual(rules, { search: ["a.test", "b.test"], ndots: 2 })
    assert.deepStrictEqual(searchNames("x.y", rules), ["x.y.a.test", "x.y.b.test", "x.y"])
    assert.deepStrictEqual(searchNames("x.y.z", rules), ["x.y.z", "x.y.z.a.test", "x.y.z.b.test"])
    assert.deepStrictEqual(searchNames("x.y.", rules), ["x.y"])
    assert.deepStrictEqual(searchNames("x", parseResolvConf("")), ["x"])
  })

  it("of an unbounded search list or number of dots are bounded", () => {
    const rules = parseResolvConf(`search ${"a.test ".repeat(50)}\noptions ndots:999`)
    assert.lengthOf(rules.search, 6)
    assert.strictEqual(rules.ndots, 15)
  })

  it("the hosts file gives every address of a name, and skips what is no address", () => {
    const hosts = parseHosts("127.0.0.1\tlocalhost  Box\n::1 localhost\nbad x\n\n127.0.0.1 localhost # again\n")
    assert.deepStrictEqual(hosts.get("localhost"), [
      { address: "127.0.0.1", family: 4 },
      { address: "::1", family: 6 }
    ])
    assert.deepStrictEqual([...hosts.keys()], ["localhost", "box"])
  })
})
