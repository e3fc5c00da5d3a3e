/** Light, dark, or as the system has it: chosen once for this browser. The colours themselves are `light-dark()`. */
import { Atom } from "effect/reactivity"
import { registry } from "../backend/useAtom.ts"

const kept = "dueline.theme"

export const themes = ["system", "light", "dark"] as const
export type Theme = (typeof themes)[number]

const chosen = (): Theme => themes.find((theme) => theme === localStorage.getItem(kept)) ?? "system"

export const themeAtom = Atom.keepAlive(Atom.make<Theme>(chosen()))

const show = (theme: Theme): void => {
  if (theme === "system") delete document.documentElement.dataset["theme"]
  else document.documentElement.dataset["theme"] = theme
}

export const chooseTheme = (theme: Theme): void => {
  localStorage.setItem(kept, theme)
  registry.set(themeAtom, theme)
  show(theme)
}

/** Before anything is drawn. */
export const showTheme = (): void => show(chosen())
