/** What the composition says about sign-in: where browsers reach the edge, what roles there are, and whether this is a trial. */
import { builtinRoles, type Roles } from "@dueline/contracts/api/roles"
import { Context } from "effect"

export interface SessionSettings {
  /** Where browsers reach the edge, when that is known; the address itself tells otherwise. */
  readonly publicUrl: URL | null
  /** What names of roles in sessions stand for. */
  readonly roles: Roles
  /** In a trial on one machine: only these hosts are answered where a session is in play, against names that are rebound to this machine. */
  readonly ownHostsOnly: boolean
}

export const CurrentSessionSettings = Context.Reference<SessionSettings>("@dueline/api/CurrentSessionSettings", {
  defaultValue: () => ({ publicUrl: null, roles: new Map(Object.entries(builtinRoles)), ownHostsOnly: false })
})
