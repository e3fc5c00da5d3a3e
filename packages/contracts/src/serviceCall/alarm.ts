/** What of a call its alarm tells beside its name and its time. */
import type { Alarm } from "../ports/Timer.ts"
import type { Flow } from "./Flow.ts"
import { targetOf } from "./target.ts"

/** Of tags and flow only what there is something to say of, since most calls have neither. */
export const alarmParts = ({
  flow,
  request,
  tags
}: {
  readonly request: { readonly url: string }
  readonly tags: ReadonlyArray<string>
  readonly flow?: Flow | null
}): Pick<Alarm, "target" | "tags" | "flow"> => ({
  target: targetOf(request.url),
  ...(tags.length === 0 ? {} : { tags }),
  ...(flow === undefined || flow === null ? {} : { flow })
})
