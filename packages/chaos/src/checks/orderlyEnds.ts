/** A process ends when it is told to, with exit code 0, and not otherwise. */
import type { Check } from "../Evidence.ts"

export const orderlyEnds: Check = ({ history }) => [
  ...history.exits
    .filter(({ code }) => code !== 0)
    .map(({ code, victim }) => ({ callId: null, detail: `${victim} was asked to stop and ended with ${code}` })),
  ...history.incidents
    .filter(({ kind }) => kind === "collapse")
    .map(({ note, victim }) => ({ callId: null, detail: `${victim} ended by itself: ${note}` }))
]
