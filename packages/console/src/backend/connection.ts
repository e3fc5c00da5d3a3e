/** Whether the edge answers, for the whole page: one banner, and one way back to the sign-in. */
import { Atom } from "effect/reactivity"
import { signedOut } from "./session.ts"
import type { Trouble } from "./trouble.ts"
import { registry } from "./useAtom.ts"

/** Since when it does not answer, in epoch milliseconds. */
export const offlineAtom = Atom.keepAlive(Atom.make<number | null>(null))

/** To be called with what became of every request. */
export const noticeTrouble = (trouble: Trouble | null): void => {
  const since = registry.get(offlineAtom)
  if (trouble?.kind === "offline") {
    if (since === null) registry.set(offlineAtom, Date.now())
  } else if (since !== null) registry.set(offlineAtom, null)
  if (trouble?.kind === "signed-out") signedOut("The session has ended: sign in again, and this page is shown.")
}
