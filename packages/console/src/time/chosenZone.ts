/** In which time zone times are shown and typed: chosen once for this browser, and always written out. */
import { Atom } from "effect/reactivity"
import { registry } from "../backend/useAtom.ts"

const kept = "dueline.zone"

export const localZone = Intl.DateTimeFormat().resolvedOptions().timeZone

export const zoneAtom = Atom.keepAlive(Atom.make(localStorage.getItem(kept) === "UTC" ? "UTC" : localZone))

export const chooseZone = (zone: string): void => {
  localStorage.setItem(kept, zone === "UTC" ? "UTC" : "local")
  registry.set(zoneAtom, zone)
}
