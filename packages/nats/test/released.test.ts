/** Processes of two releases beside each other: what one of them writes, the other reads, and what it cannot read harms nothing else. */
import type { WorkerId } from "@dueline/contracts/Ids"
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { readAlarms } from "../src/timer/RemoteAlarms.ts"
import { asksText, readAsks, readReplies, repliesText } from "../src/commands/CommandWire.ts"
import { readHeartbeat } from "../src/members/Members.ts"
import { readChanges } from "../src/bus/RemoteNotices.ts"
import { readAttempts, readPlaces } from "../src/workforce/WorkforceWire.ts"
import { sampleMessages } from "./sampleMessages.ts"

/** Kinds of messages that have come since 0.1.0 are missing from what older releases wrote. */
type Kind = keyof ReturnType<typeof sampleMessages>
type Messages = Readonly<Record<Exclude<Kind, "changes">, ReadonlyArray<string>>> &
  Readonly<Partial<Record<Kind, ReadonlyArray<string>>>>

const folder = join(import.meta.dirname, "released")
const releases = readdirSync(folder).map((file) => file.replace(".json", ""))
const messagesOf = (release: string): Messages => JSON.parse(readFileSync(join(folder, `${release}.json`), "utf8"))

const understood: Readonly<Record<Kind, (text: string) => boolean>> = {
  asks: (text) => readAsks(text)?.every(({ envelope }) => envelope !== null) ?? false,
  replies: (text) =>
    readReplies(text)?.every(({ answer, refusal }) => answer !== undefined || refusal?._tag !== "StoreUnavailable") ??
    false,
  attempts: (text) => readAttempts(text)?.attempts.length === 1,
  places: (text) => readPlaces(text)?.worker === ("w-1" as WorkerId),
  alarms: (text) => readAlarms(text)?.length === 1,
  changes: (text) => readChanges(text)?.callIds.length === 1,
  words: (text) => readHeartbeat(text) !== null
}

const tagsIn = (texts: ReadonlyArray<string>) =>
  new Set(
    texts.flatMap((text) => [...text.matchAll(/"(?:command|outcome|refusal)":\{"_tag":"(\w+)"/g)].map(([, tag]) => tag))
  )

describe("a message of another release", () => {
  it.each(releases)("of release %s is understood, whatever it says", { tags: ["ADR-0025.7"] }, (release) => {
    const messages = messagesOf(release)
    for (const kind of Object.keys(understood) as ReadonlyArray<Kind>) {
      const texts = messages[kind] ?? (kind === "changes" ? sampleMessages().changes : [])
      assert.isNotEmpty(texts, kind)
      for (const text of texts) assert.isTrue(understood[kind](text), text)
    }
  })

  it("of every kind is recorded with each release", () => {
    const mine = sampleMessages()
    for (const release of releases) {
      for (const kind of ["asks", "replies"] as const) {
        const recorded = tagsIn(messagesOf(release)[kind])
        const missing = [...recorded].filter((tag) => !tagsIn(mine[kind]).has(tag))
        assert.isBelow(missing.length, 5, `${kind} of ${release} that this program never writes: ${missing.join(", ")}`)
      }
    }
  })

  const known = messagesOf("0.1.0")
  const inOtherForm = (text: string) => text.replace(/"form":"/u, '"form":"newer')
  const inner = (text: string) => text.replace(/^\{"v":1,"(?:asks|replies)":\[/, "").replace(/\]\}$/, "")

  it("that has one command of a newer release in it has all others carried out, and that one answered", {
    tags: ["ADR-0025.7"]
  }, () => {
    const [first = "", second = ""] = known.asks.map(inner)
    const newer = second.replace(/^\{"n":\d+/, `{"n":77`).replace(/"_tag":"\w+"/, `"_tag":"OfANewerRelease"`)
    const read = readAsks(inOtherForm(asksText([first, newer, `{"word":1}`, first])))
    assert.deepStrictEqual(
      read?.map(({ envelope, n }) => [n, envelope === null]),
      [
        [0, false],
        [77, true],
        [0, false]
      ]
    )
  })

  it("that has one answer of a newer release in it leaves that one to be asked again, and settles the others", {
    tags: ["ADR-0025.7"]
  }, () => {
    const [first = "", second = ""] = known.replies.map(inner)
    const newer = second.replace(/^\{"n":\d+/, `{"n":77`).replace(/"_tag":"\w+"/, `"_tag":"OfANewerRelease"`)
    const refused = known.replies.map(inner).at(-1) ?? ""
    const read = readReplies(inOtherForm(repliesText([first, newer, refused])))
    assert.isDefined(read?.[0]?.answer)
    assert.strictEqual(read?.[1]?.n, 77)
    assert.strictEqual(read?.[1]?.refusal?._tag, "StoreUnavailable")
    assert.deepStrictEqual(read?.[2], readReplies(repliesText([refused]))?.[0])
    assert.isDefined(read?.[2]?.refusal)
  })

  it("of another version of the words altogether is not read at all", () => {
    assert.isNull(readAsks(`{"v":2,"asks":[]}`))
    assert.isNull(readReplies(`{"v":1,"asks":[]}`))
    assert.isNull(readAsks("no JSON"))
  })
})
