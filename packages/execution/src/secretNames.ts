/** Which names announce a secret: of headers, query parameters, form fields and JSON keys alike. */

/** As the source of a case-insensitive expression. Over-zealous on purpose: a lost hint costs less than a leak. */
export const secretWord =
  "(?:pass(?:w|phrase|code|port|(?![a-z]))|pwd|secret|token|authori[sz]ation|cookie|credential|signature|" +
  "session|jwt|assertion|csrf|xsrf|bearer|(?:api|access|private|signing|encryption|subscription|shared|master)[-_. ]?key|" +
  "card[-_. ]?(?:number|num|no(?![a-z]))|(?<![a-z])(?:auth|sig|key|otp|pin|cvv|cvc|cvn|ssn|iban|pan)(?![a-z]))"

const secret = new RegExp(secretWord, "i")

// They sound like secrets and are none; struck out, every answer of a language model and every request would lose its meaning.
const harmless = /^(?:x-)?idempotency-key$|^sec-websocket-key$|^(?:[a-z]+[-_])*tokens$/

/** `sessionPin` and `APIKey` are read as `session-Pin` and `API-Key`. */
const words = (name: string): string =>
  name.replace(/([a-z0-9])([A-Z])/g, "$1-$2").replace(/([A-Z])([A-Z][a-z])/g, "$1-$2")

const judge = (name: string): boolean =>
  (secret.test(name) || secret.test(words(name))) && !harmless.test(name.toLowerCase())

// The same few names come in every request; judging one takes longer than all else that is done with it.
const judged = new Map<string, boolean>()
const judgedLimit = 1_000

export const isSecretName = (name: string): boolean => {
  if (name.length > 256) return true
  const known = judged.get(name)
  if (known !== undefined) return known
  if (judged.size >= judgedLimit) judged.clear()
  const verdict = judge(name)
  judged.set(name, verdict)
  return verdict
}
