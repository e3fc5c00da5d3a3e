/** What checkpoints of the audit tree are signed with: the same in every process that has the keys of the home, and in no database. */
import { type NoteSigner, signerNamedByKey } from "@dueline/audit/note"
import { PublishFailed } from "@dueline/audit/Sealer"
import { readAuditSeeds } from "@dueline/secrets/KeyFile"
import { deriveKey } from "@dueline/secrets/sealedBox"
import { Context, Effect, Redacted } from "effect"

/** The latest key, read when it is asked for. */
export class AuditSigner extends Context.Service<AuditSigner, Effect.Effect<NoteSigner, PublishFailed>>()(
  "@dueline/dueline/AuditSigner"
) {}

const prefix = "dueline-audit"

type Signers = readonly [NoteSigner, ...ReadonlyArray<NoteSigner>]

/** One after the other. The first follows from the key that calls are signed with, which stays when others are added. */
export const auditSigners = (
  signingMaster: Redacted.Redacted<Uint8Array>,
  file: string
): Effect.Effect<Signers, PublishFailed> =>
  Effect.map(
    Effect.tryPromise({
      try: () => readAuditSeeds(file),
      catch: (error) => new PublishFailed({ detail: error instanceof Error ? error.message : String(error) })
    }),
    (seeds) => [
      signerNamedByKey(prefix, Redacted.value(deriveKey(signingMaster, "audit"))),
      ...seeds.map((seed) => signerNamedByKey(prefix, seed))
    ]
  )

/** The one that signs. */
export const latestOf = (signers: Signers): NoteSigner => signers.at(-1) ?? signers[0]
