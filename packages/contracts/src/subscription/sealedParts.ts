/**
 * What lies sealed beside a subscription's history: its address and its secrets, each under its name, `url` or the id of a secret, as
 * `<name>:<sealed>`, joined by commas. A sealed text has neither in it.
 */

export const urlPart = "url"

export type SealedParts = ReadonlyMap<string, string>

export const readParts = (attachment: string | null): SealedParts =>
  new Map(
    (attachment ?? "").split(",").flatMap((entry) => {
      const [name, sealed] = entry.split(":")
      return name === undefined || sealed === undefined ? [] : [[name, sealed] as const]
    })
  )

export const writeParts = (parts: SealedParts): string | null =>
  parts.size === 0 ? null : [...parts].map(([name, sealed]) => `${name}:${sealed}`).join(",")
