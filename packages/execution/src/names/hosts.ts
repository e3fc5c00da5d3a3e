/** The hosts file, hosts(5): an address and its names on each line. */
import { isIP } from "node:net"
import type { ResolvedAddress } from "../wire/openSocket.ts"

/** Addresses by name in lower case, in the order of the file. */
export const parseHosts = (text: string): ReadonlyMap<string, ReadonlyArray<ResolvedAddress>> => {
  const found = new Map<string, Array<ResolvedAddress>>()
  for (const line of text.split("\n")) {
    const [address = "", ...names] = line.replace(/#.*/, "").trim().toLowerCase().split(/\s+/)
    const family = isIP(address)
    if (family === 0) continue
    for (const name of names) {
      const known = found.get(name)
      if (known === undefined) found.set(name, [{ address, family }])
      else if (!known.some((one) => one.address === address)) known.push({ address, family })
    }
  }
  return found
}
