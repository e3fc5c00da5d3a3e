/** Whether what is shown follows what happens. */
import { useAtom } from "../backend/useAtom.ts"
import { liveAtom } from "../live/followCalls.ts"
import { Status } from "./Status.tsx"

export const Live = () =>
  useAtom(liveAtom) ? <Status of="live" words="Live" tone="good" /> : <Status of="paused" words="Not live" tone="off" />
