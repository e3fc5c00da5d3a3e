import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { type AskName, defaultNameBounds, type NameAnswer, Names } from "../src/egress/Names.ts"
import { NotSentRefusal } from "../src/egress/openSocket.ts"

const found = (address: string, ttlMs = 60_000): NameAnswer => ({
  _tag: "Addresses",
  addresses: [{ address, family: 4 }],
  ttlMs
})
const none: NameAnswer = { _tag: "NoSuchName", code: "ENOTFOUND" }
const silence: NameAnswer = { _tag: "Unanswered", detail: "no server answers" }

/** Names under a clock that is moved by hand, with servers that answer when they are told to. */
const world = (bounds = defaultNameBounds) => {
  let now = 0
  const asked: Array<string> = []
  const answers = new Map<string, (answer: NameAnswer) => void>()
  const ask: AskName = (name, answer) => {
    asked.push(name)
    answers.set(name, answer)
  }
  const names = new Names(ask, () => now, bounds)
  const heard: Array<string> = []
  return {
    asked,
    heard,
    flying: () => answers.size,
    wait: (ms: number) => void (now += ms),
    want: (name: string, group = "A") =>
      names.resolve(
        name,
        (error, addresses) => {
          const why = error instanceof NotSentRefusal ? error.reason : error === null ? null : "dns"
          heard.push(`${group} ${name}: ${why ?? addresses.map(({ address }) => address).join()}`)
        },
        group
      ),
    answer: (name: string, answer: NameAnswer) => {
      const tell = answers.get(name)
      answers.delete(name)
      tell?.(answer)
    }
  }
}

const numbered = (count: number, word: string) => Array.from({ length: count }, (_, n) => `${word}${n}.test`)

describe("look-ups of names", () => {
  it("of one name are one in flight, whoever asks, and all are told", () => {
    const { answer, asked, heard, want } = world()
    want("x.test", "A")
    want("X.test", "B")
    want("x.test", "A")
    assert.deepStrictEqual(asked, ["x.test"])
    answer("x.test", found("1.1.1.1"))
    assert.deepStrictEqual(heard, ["A x.test: 1.1.1.1", "B X.test: 1.1.1.1", "A x.test: 1.1.1.1"])
  })

  it("that nobody answers for hold up their own group only: another's is asked at once", () => {
    const { asked, want } = world()
    for (const name of numbered(1_000, "dead")) want(name, "A")
    assert.lengthOf(asked, defaultNameBounds.perGroup)
    want("alive.test", "B")
    assert.strictEqual(asked.at(-1), "alive.test")
  })

  it("of a name that waits behind others of one group are asked at once for another", () => {
    const { asked, want } = world({ ...defaultNameBounds, perGroup: 1 })
    want("dead.test", "A")
    want("x.test", "A")
    assert.deepStrictEqual(asked, ["dead.test"])
    want("x.test", "B")
    assert.deepStrictEqual(asked, ["dead.test", "x.test"])
  })

  it("take turns by group when there is no room for more", () => {
    const { answer, asked, want } = world({ ...defaultNameBounds, inAll: 2 })
    for (const name of numbered(6, "a")) want(name, "A")
    for (const name of numbered(2, "b")) want(name, "B")
    for (let next = 0; next < asked.length; next++) answer(asked[next] ?? "", none)
    assert.deepStrictEqual(
      asked.map((name) => name[0]),
      ["a", "a", "b", "a", "b", "a", "a", "a"]
    )
  })

  it("are refused when too many of one group wait, and those that were taken back are not asked", () => {
    const { answer, asked, heard, want } = world({ ...defaultNameBounds, perGroup: 1, waitingPerGroup: 2 })
    want("first.test")
    const takeBack = want("second.test")
    want("third.test")
    want("fourth.test")
    assert.deepStrictEqual(heard, ["A fourth.test: no_capacity"])
    takeBack?.()
    want("fifth.test")
    answer("first.test", none)
    assert.deepStrictEqual(asked, ["first.test", "third.test"])
  })

  it("are kept as long as their server says but for 30 s at the most, and 5 s when there is no such name", () => {
    const { answer, asked, heard, wait, want } = world()
    const again = (name: string, said: NameAnswer, keptMs: number) => {
      want(name)
      answer(name, said)
      const before = asked.length
      wait(keptMs - 1)
      want(name)
      assert.lengthOf(asked, before, name)
      wait(1)
      want(name)
      assert.lengthOf(asked, before + 1, name)
      answer(name, said)
    }
    again("long.test", found("1.1.1.1", 3_600_000), 30_000)
    again("short.test", found("1.1.1.1", 2_000), 2_000)
    again("none.test", none, 5_000)
    assert.strictEqual(heard.at(-1), "A none.test: dns")
  })

  it("that were not answered, or not for long, are not kept", () => {
    const { answer, asked, heard, want } = world()
    for (const said of [silence, found("1.1.1.1", 0), silence]) {
      want("x.test")
      answer("x.test", said)
    }
    assert.lengthOf(asked, 3)
    assert.deepStrictEqual(heard, ["A x.test: name_unanswered", "A x.test: 1.1.1.1", "A x.test: name_unanswered"])
  })

  it("are kept for so many names at the most", () => {
    const { answer, asked, want } = world({ ...defaultNameBounds, kept: 2 })
    for (const name of numbered(3, "x")) {
      want(name)
      answer(name, found("1.1.1.1"))
    }
    want("x2.test")
    want("x1.test")
    assert.lengthOf(asked, 3)
    want("x0.test")
    assert.lengthOf(asked, 4)
  })

  const Step = Schema.Struct({
    group: Schema.Literals(["A", "B", "C"]),
    name: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 })),
    does: Schema.Literals(["want", "want", "answer", "take back", "wait"])
  })

  it.prop(
    "whatever is asked, answered and taken back, bounds hold and each that waits is told once",
    { steps: Schema.Array(Step) },
    ({ steps }) => {
      const bounds = { ...defaultNameBounds, perGroup: 2, inAll: 3, waitingPerGroup: 1_000 }
      const { answer, asked, flying, heard, wait, want } = world(bounds)
      let wanted = 0
      const takeBacks: Array<() => void> = []
      for (const { does, group, name } of steps) {
        if (does === "want") {
          wanted++
          const takeBack = want(`${name}`, group)
          if (takeBack !== undefined) takeBacks.push(takeBack)
        } else if (does === "answer") answer(`${name}`, name % 2 === 0 ? found("1.1.1.1", 500) : silence)
        else if (does === "wait") wait(300)
        else {
          const before = heard.length
          takeBacks.shift()?.()
          assert.lengthOf(heard, before)
        }
        assert.isAtMost(flying(), bounds.inAll)
      }
      const taken = heard.length
      for (let next = 0; next < asked.length; next++) answer(asked[next] ?? "", silence)
      assert.strictEqual(flying(), 0)
      assert.isAtMost(heard.length, wanted)
      assert.isAtLeast(heard.length, taken)
      if (!steps.some(({ does }) => does === "take back")) assert.lengthOf(heard, wanted)
    }
  )
})
