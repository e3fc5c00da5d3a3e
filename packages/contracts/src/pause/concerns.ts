/** Which pauses a call is concerned by. */
import type { PauseOf } from "./Pause.ts"

/** What a pause is about, as one text. `key` is null for the whole tenant. */
export const subjectOf = (of: PauseOf, key: string | null): string => `${of} ${key ?? ""}`

const wholeTenant = subjectOf("tenant", null)

/** All that pauses may be about which hold a call of this target (host and port) and flow with these tags. */
export const subjectsOf = ({
  flow,
  tags,
  target
}: {
  readonly target: string
  readonly tags: ReadonlyArray<string>
  /** Its key. */
  readonly flow: string | undefined
}): ReadonlyArray<string> => [
  wholeTenant,
  subjectOf("target", target),
  ...(flow === undefined ? [] : [subjectOf("flow", flow)]),
  ...tags.map((tag) => subjectOf("tag", tag))
]
