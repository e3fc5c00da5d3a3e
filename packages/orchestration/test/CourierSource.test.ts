/** What a courier source answers, which of its secrets are kept until when, and that none stands in what is told. */
import { assert, describe, it } from "@effect/vitest"
import {
  type CourierSourceEvent,
  CourierSourceIdTaken,
  CourierSourceIsDisabled,
  CourierSourceNotFound
} from "@dueline/contracts/courierSource/CourierSource"
import { Effect } from "effect"
import { CourierSource } from "../src/aggregates/CourierSource.ts"
import { aggregateLaws } from "./aggregateLaws.ts"
import { AggregateUnderTest } from "./AggregateUnderTest.ts"
import { FaultyStore } from "./FaultyStore.ts"
import * as Field from "./FieldSample.ts"
import { given } from "./given.ts"
import * as Steps from "./IngestionSteps.ts"
import { askAll, said, writersOn } from "./WritersUnderTest.ts"

const { envelope, ms, origin, t0 } = Field
const { courierSourceId, create, disable, rotate, secretId } = Steps
const sealed = Steps.sealedSecret

const created: CourierSourceEvent = {
  _tag: "CourierSourceCreated",
  source: Steps.described("north"),
  secretId: secretId(1),
  createdAt: t0,
  fingerprint: "f1",
  origin
}
const disabled: CourierSourceEvent = { _tag: "CourierSourceDisabled" }

aggregateLaws({
  aggregate: CourierSource,
  story: Steps.SourceStory,
  commandsOf: Steps.sourceCommands,
  envelope: (command) => envelope(command),
  opening: "CourierSourceCreated"
})

describe("a courier source", () => {
  it("is created once, gets another secret, and is disabled for good", () => {
    given(CourierSource, []).when(create()).then([created])
    given(CourierSource, [created]).when(create()).then([])
    given(CourierSource, [created])
      .when(create(1, "north", "f2"))
      .thenRejected(new CourierSourceIdTaken({ courierSourceId }))
    given(CourierSource, []).when(rotate(2)).thenRejected(new CourierSourceNotFound({ courierSourceId }))
    given(CourierSource, [created])
      .when(rotate(2))
      .then([{ _tag: "CourierSecretRotated", secretId: secretId(2), previousUntil: ms(t0 + 1_010) }])
    given(CourierSource, [created]).when(rotate(1)).then([])
    given(CourierSource, [created]).when(disable()).then([disabled])
    given(CourierSource, [created, disabled]).when(disable()).then([])
    given(CourierSource, [created, disabled])
      .when(rotate(2))
      .thenRejected(new CourierSourceIsDisabled({ courierSourceId }))
  })

  it("keeps the secrets that are still valid, three at the most, and drops what is sealed of all others", () => {
    const on = new AggregateUnderTest(CourierSource, (command) => envelope(command))
    const kept = () => on.memory.sealed
    on.ask(create())
    assert.strictEqual(kept(), `${secretId(1)}:${sealed(1)}`)
    on.ask(rotate(2, 10, 1_000))
    assert.strictEqual(kept(), `${secretId(2)}:${sealed(2)},${secretId(1)}:${sealed(1)}`)
    on.ask(rotate(3, 20, 1_000))
    on.ask(rotate(4, 30, 1_000))
    assert.deepStrictEqual(
      kept()
        ?.split(",")
        .map((entry) => entry.split(":")[0]),
      [4, 3, 2].map(secretId)
    )
    on.ask(rotate(5, 5_000, 0))
    assert.strictEqual(kept(), `${secretId(5)}:${sealed(5)}`)
    on.ask(disable(6_000))
    assert.isNull(kept())
  })

  it("does not make a secret that is about to end valid for longer", () => {
    const on = new AggregateUnderTest(CourierSource, (command) => envelope(command))
    on.ask(create())
    on.ask(rotate(2, 10, 100))
    on.ask(rotate(3, 20, 10_000))
    const { state } = on.memory
    const ends = state._tag === "Known" ? state.source.secrets.map(({ validUntil }) => validUntil) : []
    assert.deepStrictEqual(ends, [null, ms(t0 + 10_020), ms(t0 + 110)])
  })

  it("leaves nothing of a secret in what is stored, told and answered", () => {
    const on = new AggregateUnderTest(CourierSource, (command) => envelope(command))
    for (const command of [create(), rotate(2), disable()]) on.ask(command)
    const told = on.turns.map(({ answer, commit }) => [commit?.events, commit?.outbox, commit?.row, answer])
    assert.notInclude(JSON.stringify(told), "v1.key")
  })

  it.effect("of two with one name one is created", () =>
    Effect.gen(function* () {
      const writers = yield* writersOn(new FaultyStore())
      const commands = [create(1), create(2), create(3, "south")]
      const answers = yield* askAll(
        writers,
        commands.map((command) => envelope(command))
      )
      assert.deepStrictEqual(answers.map(said), [
        "CourierSourceAccepted 1",
        "SourceNameTaken",
        "CourierSourceAccepted 1"
      ])
    })
  )
})
