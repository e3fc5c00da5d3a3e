/** What happened, said once in words: seen at the foot of the page, heard politely by whoever listens to it. */
import { Atom } from "effect/reactivity"
import { useEffect } from "react"
import { registry, useAtom } from "../backend/useAtom.ts"

const saidAtom = Atom.keepAlive(Atom.make<string>(""))

export const announce = (text: string): void => registry.set(saidAtom, text)

const shownMs = 5_000

export const Announcer = () => {
  const said = useAtom(saidAtom)
  useEffect(() => {
    if (said === "") return
    const shown = setTimeout(() => announce(""), shownMs)
    return () => clearTimeout(shown)
  }, [said])
  return (
    <output className={said === "" ? "said" : "said shown"} aria-live="polite">
      {said}
    </output>
  )
}
