/** Mutations of how payloads become orders. */
import type { OrderId } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import type { Mutation } from "../mutations/Mutation.ts"

/** Of a payload only the beginning is looked at, by whoever sends it and by whoever fetches it. */
export const digestOfTheBeginning: Mutation = {
  dropbin: (sound) => ({ ...sound, digestOf: (bytes) => sound.digestOf(bytes.slice(0, 8)) })
}

/** The first look at a payload makes its order, and each after it another one. */
export const orderOfEachLook: Mutation = {
  dropbin: (sound) => {
    const looked = new Map<string, number>()
    return {
      ...sound,
      orderIdOf: (tenantId, ingestionId) => {
        const looks = looked.get(ingestionId) ?? 0
        looked.set(ingestionId, looks + 1)
        const orderId = sound.orderIdOf(tenantId, ingestionId)
        return looks === 0 ? orderId : (`${orderId.slice(0, -4)}${String(looks).padStart(4, "0")}` as OrderId)
      }
    }
  }
}

/** What a process had in hand when it died nobody looks for. */
export const payloadsUnlooked: Mutation = {
  dueIngestions: (sound) => ({ ...sound, due: () => Effect.succeed([]) })
}
