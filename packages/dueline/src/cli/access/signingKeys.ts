/** What `dueline key` does: files of the home, which every process of the installation looks at. No program has to run. */
import { listKeys, retireNow, rotateKey } from "@dueline/secrets/keyRotation"
import { Effect } from "effect"
import * as Configuration from "../../Configuration.ts"
import { homeAt } from "../../Home.ts"
import { localInstant, table } from "../format.ts"
import { noteCommand } from "../audit/noteCommand.ts"
import { CommandFailed, hint, print, Shell } from "../Shell.ts"
import { hasKeys } from "./tokens.ts"

const settingsOf = Effect.flatMap(Shell, ({ env }) => Configuration.read(env))

/** Looking or rotating makes no first key: another home would be meant. */
const directory = Effect.gen(function* () {
  const settings = yield* settingsOf
  const { keys } = homeAt(settings.DUELINE_HOME)
  if (yield* hasKeys(keys)) return keys
  return yield* new CommandFailed({
    message: `There are no signing keys in ${keys}`,
    notes: ["start the program once with `npm start`, or set DUELINE_HOME to its home"]
  })
})

const instantOrNull = (millis: number | null): string | null => (millis === null ? null : localInstant(millis, 0))

export const listSigningKeys = Effect.fnUntraced(function* () {
  const { offsetMinutes } = yield* Shell
  const items = yield* listKeys(yield* directory)
  const shown = (millis: number | null) =>
    millis === null || millis === 0 ? "-" : localInstant(millis, offsetMinutes(millis))
  const documents = items.map((item) => ({
    ...item,
    signsFrom: item.signsFrom === 0 ? null : instantOrNull(item.signsFrom),
    retiredAt: instantOrNull(item.retiredAt)
  }))
  yield* print({ items: documents }, () =>
    table([
      ["KID", "USE", "SIGNS FROM", "RETIRED", "FILE"],
      ...items.map(({ file, kid, retiredAt, signsFrom, use }) => [kid, use, shown(signsFrom), shown(retiredAt), file])
    ])
  )
})

export const rotateSigningKey = Effect.fnUntraced(function* (input: {
  readonly afterMs: number
  readonly graceMs: number
}) {
  const { kid, othersRetiredAt, signsFrom } = yield* rotateKey(yield* directory, input)
  yield* noteCommand(yield* settingsOf, { action: "key.rotate", resource: kid })
  yield* print(
    { kid, signsFrom: localInstant(signsFrom, 0), othersRetiredAt: localInstant(othersRetiredAt, 0) },
    () =>
      `${kid}  signs from ${localInstant(signsFrom, 0)}; the others are retired at ${localInstant(othersRetiredAt, 0)}`
  )
  yield* hint("processes that do not share this directory need a copy of it")
})

export const retireSigningKey = Effect.fnUntraced(function* ({ kid }: { readonly kid: string }) {
  yield* retireNow(yield* directory, kid)
  yield* noteCommand(yield* settingsOf, { action: "key.retire", resource: kid })
  yield* print({ kid, use: "retired" }, () => `${kid}  retired`)
  yield* hint(
    "within seconds every program refuses its tokens; its file may be deleted once all have been started anew"
  )
})
