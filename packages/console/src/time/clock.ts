/** One clock for the page: everything that says how long ago or in how long moves together, once a second. */
import { Atom } from "effect/reactivity"

export const nowAtom = Atom.make((get) => {
  const ticking = setInterval(() => get.setSelf(Date.now()), 1_000)
  get.addFinalizer(() => clearInterval(ticking))
  return Date.now()
})
