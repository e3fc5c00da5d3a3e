/** The keys of an installation, for commands that cannot do without. */
import { Effect } from "effect"
import { existsSync } from "node:fs"
import type { Settings } from "../Configuration.ts"
import { homeAt } from "../Home.ts"
import { CommandFailed } from "./Shell.ts"

/** The file that they are in. Looking makes none: one that nothing was signed with would only mislead. */
export const keysOfHome = ({ DUELINE_HOME }: Settings, advice: string): Effect.Effect<string, CommandFailed> => {
  const { vaultKeys } = homeAt(DUELINE_HOME)
  return existsSync(vaultKeys)
    ? Effect.succeed(vaultKeys)
    : Effect.fail(new CommandFailed({ message: `There are no keys in ${vaultKeys}`, notes: [advice] }))
}
