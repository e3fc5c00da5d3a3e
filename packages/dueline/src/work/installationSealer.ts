/** What seals the audit log of an installation: in the program, and in commands beside it or without it. */
import { makeSealer, publishTo, type SealerOptions } from "@dueline/audit/Sealer"
import { SealedTree } from "@dueline/postgres/write/SealedTree"
import { Effect } from "effect"
import type { Settings } from "../Configuration.ts"
import { checkpointsFolder } from "../Home.ts"

export const makeInstallationSealer = (settings: Settings, signer: SealerOptions["signer"]) =>
  Effect.flatMap(SealedTree, (store) =>
    makeSealer({ store, signer, every: settings.DUELINE_AUDIT_EVERY, publish: publishTo(checkpointsFolder(settings)) })
  )
