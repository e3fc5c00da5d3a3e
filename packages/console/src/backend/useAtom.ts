/** State that several parts of the page share: one registry for the page, read by a hook. */
import { type Atom, AtomRegistry } from "effect/reactivity"
import { useCallback, useSyncExternalStore } from "react"

export const registry = AtomRegistry.make()

export const useAtom = <A>(atom: Atom.Atom<A>): A =>
  useSyncExternalStore(
    useCallback((changed: () => void) => registry.subscribe(atom, changed), [atom]),
    useCallback(() => registry.get(atom), [atom])
  )
