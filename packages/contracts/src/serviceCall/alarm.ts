/** What of a call its alarm tells beside its time. */
import type { Alarm } from "../ports/Timer.ts"

/** Only what there is something to say of, since most calls have neither. */
export const alarmParts = ({ tags }: { readonly tags: ReadonlyArray<string> }): Pick<Alarm, "tags"> =>
  tags.length === 0 ? {} : { tags }
