/** What of a call its alarm tells beside its time. */
import type { Alarm } from "../ports/Timer.ts"
import type { Flow } from "./Flow.ts"

/** Only what there is something to say of, since most calls have neither. */
export const alarmParts = ({
  flow,
  tags
}: {
  readonly tags: ReadonlyArray<string>
  readonly flow?: Flow | null
}): Pick<Alarm, "tags" | "flow"> => ({
  ...(tags.length === 0 ? {} : { tags }),
  ...(flow === undefined || flow === null ? {} : { flow })
})
