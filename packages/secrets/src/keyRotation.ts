/** What may be done with the keys of a directory: list, rotate, retire. Running programs see it within `lookEveryMs`. */
import { Clock, Effect } from "effect"
import { attempt, type KeyUse, KeysUnusable, useAt } from "./SigningKeys.ts"
import { addKey, readKeys, retireKey } from "./signingKeyFiles.ts"

export interface KeyFacts {
  readonly kid: string
  /** The file's name. */
  readonly file: string
  readonly use: KeyUse
  /** Epoch milliseconds; 0 from the beginning. */
  readonly signsFrom: number
  /** Null: not decided. */
  readonly retiredAt: number | null
}

/** In the order of their names. */
export const listKeys = Effect.fnUntraced(function* (directory: string) {
  const now = yield* Clock.currentTimeMillis
  const keys = yield* attempt(() => readKeys(directory))
  return keys.map((stored): KeyFacts => {
    const { key, name, retiredAt, signsFrom } = stored
    return { kid: key.kid, file: name, use: useAt(keys, stored, now), signsFrom, retiredAt }
  })
})

/**
 * Adds a key. It is published at once and signs after `afterMs`, so that whoever keeps the published set for a while knows it by then; those
 * before it are believed for `graceMs` more, as long as tokens that they signed may live.
 */
export const rotateKey = Effect.fnUntraced(function* (
  directory: string,
  { afterMs, graceMs }: { readonly afterMs: number; readonly graceMs: number }
) {
  const signsFrom = (yield* Clock.currentTimeMillis) + afterMs
  const { key } = yield* attempt(() => addKey(directory, { signsFrom, retiredAt: signsFrom + graceMs }))
  return { kid: key.kid, signsFrom, othersRetiredAt: signsFrom + graceMs }
})

/** Tokens of the key are refused from now on. The last one that could sign stays: another comes first. */
export const retireNow = Effect.fnUntraced(function* (directory: string, kid: string) {
  const now = yield* Clock.currentTimeMillis
  const keys = yield* attempt(() => readKeys(directory))
  const found = keys.find(({ key }) => key.kid === kid)
  if (found === undefined)
    return yield* new KeysUnusable({
      detail: `there is no key ${kid} in ${directory}: see which there are with \`dueline key list\``
    })
  // One whose end is set already would leave none after it.
  if (keys.every((key) => key === found || key.retiredAt !== null)) {
    return yield* new KeysUnusable({
      detail: `${kid} is the only key that is not retired, or about to be: add another with \`dueline key rotate --after 0s\` first`
    })
  }
  yield* attempt(() => retireKey(directory, found, now))
})
