/**
 * Seals customers' profiles with AES-256-GCM, each customer's with a key of its own that is sealed with the installation's. The
 * database alone is not enough to read a profile, and once the customer's key is deleted no copy of it can be read.
 */
import { createHmac, createSecretKey, type KeyObject } from "node:crypto"
import { type CustomerProfile, ProfileField } from "@dueline/contracts/customer/Customer"
import type { CustomerId, TenantId } from "@dueline/contracts/Ids"
import { PersonalDataVault, SealBroken } from "@dueline/contracts/ports/Vaults"
import { Effect, Layer, Redacted, Result } from "effect"
import { bytesOfText, deriveKey, drawKey, keyBytes, openBox, sealBox } from "./sealedBox.ts"

export interface PersonalDataVaultOptions {
  /** Key material of the installation, at least 32 random bytes. Everything else is derived from it. */
  readonly key: Redacted.Redacted<Uint8Array>
  /** Older key material that can still open what it sealed, newest first. `fingerprint` follows from the oldest, so that it stays. */
  readonly opening?: ReadonlyArray<Redacted.Redacted<Uint8Array>>
}

const idBytes = 4
const leastBytes = 32

const derive = (material: Redacted.Redacted<Uint8Array>, purpose: string, length: number): Buffer => {
  const { length: found } = Redacted.value(material)
  if (found < leastBytes)
    throw new RangeError(`key material for personal data has ${found} bytes instead of ${leastBytes} or more`)
  return Buffer.from(Redacted.value(deriveKey(material, `personal-data/${purpose}`, length)))
}

interface InstallationKey {
  /** Eight hexadecimal digits that stand readable in what was sealed; they say nothing about the key. */
  readonly id: string
  /** Seals the customers' keys. */
  readonly wrapping: KeyObject
}

const installationKey = (material: Redacted.Redacted<Uint8Array>): InstallationKey => ({
  id: derive(material, "key-id", idBytes).toString("hex"),
  wrapping: createSecretKey(derive(material, "wrapping", keyBytes))
})

const profileFields: ReadonlySet<string> = new Set(ProfileField.literals)

/** By its shape alone: a profile that was sealed under milder rules than today's can still be read. */
const isProfile = (value: unknown): value is CustomerProfile =>
  typeof value === "object" &&
  value !== null &&
  "name" in value &&
  Object.entries(value).every(([field, text]) => profileFields.has(field) && typeof text === "string")

type Owner = readonly [tenantId: TenantId, customerId: CustomerId]
type Opened<A> = Result.Result<A, string>

// As JSON, two lists of texts that differ stay two.
const bound = (purpose: string, ...about: ReadonlyArray<string>): Buffer =>
  Buffer.from(JSON.stringify([`dueline/personal-data/${purpose}/v1`, ...about]), "utf8")

const sealKey = ({ id, wrapping }: InstallationKey, owner: Owner, key: KeyObject): string =>
  Buffer.concat([
    Buffer.from(id, "hex"),
    sealBox(wrapping, key.export(), bound("customer-key", id, ...owner))
  ]).toString("base64url")

interface CustomerKey {
  readonly key: KeyObject
  readonly sealedWith: string
  readonly sealed: string
}

const openKey = (keys: ReadonlyMap<string, InstallationKey>, owner: Owner, sealed: string): Opened<CustomerKey> => {
  const bytes = bytesOfText(sealed)
  if (bytes === null) return Result.fail("not a sealed profile")
  const id = bytes.toString("hex", 0, idBytes)
  const installation = keys.get(id)
  if (installation === undefined) return Result.fail("sealed with a key that is not here")
  const key = openBox(installation.wrapping, bytes.subarray(idBytes), bound("customer-key", id, ...owner))
  if (key?.length !== keyBytes) return Result.fail("changed, or the key of another customer")
  return Result.succeed({ key: createSecretKey(key), sealedWith: id, sealed })
}

const openProfile = (key: KeyObject, owner: Owner, sealed: string): Opened<CustomerProfile> => {
  const bytes = bytesOfText(sealed)
  const text = bytes === null ? null : openBox(key, bytes, bound("profile", ...owner))
  if (text === null) return Result.fail("changed, or the profile of another customer")
  const profile: unknown = JSON.parse(text.toString("utf8"))
  return isProfile(profile) ? Result.succeed(profile) : Result.fail("not a profile")
}

const broken = (detail: string): SealBroken => new SealBroken({ detail })

/** Sealed form: `<key>.<profile>`. Throws a `RangeError` for key material that is too short. */
export const make = ({ key, opening = [] }: PersonalDataVaultOptions): PersonalDataVault["Service"] => {
  const sealing = installationKey(key)
  const keys = new Map([...opening.map(installationKey), sealing].map((one) => [one.id, one]))
  const hashKey = createSecretKey(derive(opening.at(-1) ?? key, "fingerprint", 32))

  /** The customer's own key, sealed again where an older key of the installation had sealed it. */
  const keyFor = (owner: Owner, before: string | null): Opened<CustomerKey> => {
    if (before === null) {
      const drawn = drawKey()
      return Result.succeed({ key: drawn, sealedWith: sealing.id, sealed: sealKey(sealing, owner, drawn) })
    }
    return Result.map(openKey(keys, owner, before.split(".", 1)[0] ?? ""), (known) =>
      known.sealedWith === sealing.id ? known : { ...known, sealed: sealKey(sealing, owner, known.key) }
    )
  }

  const open = (owner: Owner, text: string): Opened<CustomerProfile> => {
    const [sealedKey = "", sealed, ...rest] = text.split(".")
    if (sealed === undefined || rest.length > 0) return Result.fail("not a sealed profile")
    return Result.flatMap(openKey(keys, owner, sealedKey), (known) => openProfile(known.key, owner, sealed))
  }

  return PersonalDataVault.of({
    seal: (tenantId, customerId, profile, before) =>
      Effect.suspend(() => {
        const owner = [tenantId, customerId] as const
        const sealed = Result.map(keyFor(owner, before), (known) => {
          const box = sealBox(known.key, JSON.stringify(profile), bound("profile", ...owner))
          return `${known.sealed}.${box.toString("base64url")}`
        })
        return Effect.fromResult(Result.mapError(sealed, broken))
      }),
    open: (tenantId, customerId, sealed) =>
      Effect.suspend(() => Effect.fromResult(Result.mapError(open([tenantId, customerId], sealed), broken))),
    fingerprint: (text) => createHmac("sha256", hashKey).update(text, "utf8").digest("base64url")
  })
}

export const layer = (options: PersonalDataVaultOptions): Layer.Layer<PersonalDataVault> =>
  Layer.sync(PersonalDataVault, () => make(options))
