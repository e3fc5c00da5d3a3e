/**
 * Remembers courier sources with their opened secrets, so that events of a busy one cost no question each. That a source was rotated or
 * disabled is told by the bus to every process, which forgets it. While the bus is away, a minute is the bound.
 *
 * Whether a source is remembered must not show in a refusal. So nobody is refused for what is remembered: the store is asked anew, once for
 * each request that is refused, be the source there or not.
 */
import type {
  CourierSourceId,
  CourierSourceRow,
  CourierSourceTopic
} from "@dueline/contracts/courierSource/CourierSource"
import { schemePresets } from "@dueline/contracts/courierSource/SignatureScheme"
import { type AddressedSource, CourierSources } from "@dueline/contracts/ports/Directories"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { EventBus, listen } from "@dueline/contracts/ports/EventBus"
import { courierSecretContext, SecretVault } from "@dueline/contracts/ports/Vaults"
import { Recent } from "@dueline/contracts/Recent"
import { randomCorrelationId } from "@dueline/identity/randomId"
import type { HmacKey } from "@dueline/secrets/HmacKey"
import { secretsTried, signingKey } from "@dueline/secrets/requestSignature"
import { Context, Effect, Layer } from "effect"

/** In milliseconds. */
const rememberedMs = 60_000
/** Sources remembered. */
const limit = 1_000

export interface KnownSource {
  /** Null when there is no such source. */
  readonly row: CourierSourceRow | null
  /** Of the secrets that are valid at a time, in epoch milliseconds. */
  readonly keys: (at: number) => ReadonlyArray<HmacKey | null>
}

export const nobody: KnownSource = { row: null, keys: () => [] }

export class KnownSources extends Context.Service<
  KnownSources,
  {
    /** As the store told it in the last minute; `nobody` when it was not asked. `at`: epoch milliseconds. */
    readonly remembered: (id: CourierSourceId, at: number) => KnownSource
    /** Asks the store. The same work whether there is such a source or not. */
    readonly find: (id: CourierSourceId, at: number) => Effect.Effect<KnownSource, StoreUnavailable>
    /** This process has just changed it. */
    readonly forget: (id: CourierSourceId) => void
  }
>()("@dueline/api/KnownSources") {}

const changed: ReadonlyArray<CourierSourceTopic> = ["ops.courier-source.rotated", "ops.courier-source.disabled"]

interface Remembered {
  readonly source: KnownSource
  readonly until: number
}

export const layer: Layer.Layer<KnownSources, never, CourierSources | SecretVault | EventBus> = Layer.effect(
  KnownSources,
  Effect.gen(function* () {
    const sources = yield* CourierSources
    const vault = yield* SecretVault
    const bus = yield* EventBus
    const known = new Recent<CourierSourceId, Remembered>(limit)
    /** Opened in the place of secrets that a source does not have. */
    const nothing = vault.seal("nothing", "nothing")
    /** How often something was forgotten: what was asked before is not remembered after. */
    let forgotten = 0

    const opened = Effect.fnUntraced(function* (found: AddressedSource | null, at: number) {
      const valid = (found?.row.secrets ?? []).filter(({ validUntil }) => validUntil === null || validUntil > at)
      const entries = new Map((found?.sealed ?? "").split(",").map((entry) => entry.split(":") as [string, string]))
      const secrets: Array<{ readonly key: HmacKey | null; readonly validUntil: number }> = []
      for (let index = 0; index < secretsTried; index += 1) {
        const secret = valid[index]
        const sealed = secret === undefined ? undefined : entries.get(secret.secretId)
        if (found === null || secret === undefined || sealed === undefined) {
          yield* Effect.exit(vault.open(nothing, "nothing"))
          signingKey(schemePresets.github, "nothing")
          continue
        }
        const { courierSourceId, scheme, tenantId } = found.row
        const { secretId, validUntil } = secret
        const text = yield* Effect.option(
          Effect.tapError(vault.open(sealed, courierSecretContext(tenantId, courierSourceId, secretId)), ({ detail }) =>
            Effect.logError("a courier's secret does not open", { tenantId, courierSourceId, secretId, detail })
          )
        )
        if (text._tag === "Some")
          secrets.push({ key: signingKey(scheme, text.value), validUntil: validUntil ?? Number.POSITIVE_INFINITY })
      }
      return secrets
    })

    const forget = (id: CourierSourceId): void => {
      forgotten += 1
      known.delete(id)
    }

    yield* listen(bus, `courier-sources-${yield* randomCorrelationId}`, changed, ({ streamId }) =>
      Effect.sync(() => forget(streamId as string as CourierSourceId))
    )

    return KnownSources.of({
      forget,
      remembered: (id, at) => {
        const one = known.get(id)
        return one !== undefined && at < one.until ? one.source : nobody
      },
      find: Effect.fnUntraced(function* (id, at) {
        const before = forgotten
        const found = yield* sources.find(id)
        const secrets = yield* opened(found, at)
        if (found === null) return nobody
        const source: KnownSource = {
          row: found.row,
          keys: (now) => secrets.flatMap(({ key, validUntil }) => (validUntil > now ? [key] : []))
        }
        if (before === forgotten) known.set(id, { source, until: at + rememberedMs })
        return source
      })
    })
  })
)
