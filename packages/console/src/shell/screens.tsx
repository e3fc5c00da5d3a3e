/** Every screen by its address, as the navigation lists them. What is seldom looked at is loaded when it is. */
import { CallsScreen } from "../calls/CallsScreen.tsx"
import { CallScreen } from "../calls/CallScreen.tsx"
import type { ComponentType } from "react"

export interface Place {
  readonly path: string
  readonly name: string
  /** Without this permission it is not offered. */
  readonly scope: string | null
  readonly screen: ComponentType
}

export interface Group {
  readonly name: string
  readonly places: ReadonlyArray<Place>
}

export const groups: ReadonlyArray<Group> = [
  {
    name: "Now",
    places: [{ path: "/calls", name: "Calls", scope: "ops:calls.read", screen: CallsScreen }]
  }
]

/** Screens of one thing, by the address below its list. */
export const details: ReadonlyArray<{
  readonly path: string
  readonly screen: ComponentType<{ readonly id: string }>
}> = [{ path: "/calls/:id", screen: CallScreen }]
