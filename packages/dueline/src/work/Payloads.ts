/** Payloads that came in become orders here: in the processes that make requests, since some have to be fetched. */
import { readPayload } from "@dueline/api/intake/dropbinOrder"
import { Leases } from "@dueline/contracts/ports/Leases"
import { RequestIntake } from "@dueline/contracts/ports/Admission"
import { dropbinOrderId } from "@dueline/identity/derivedId"
import * as Dropbin from "@dueline/orchestration/dropbin/Dropbin"
import { Effect, Layer } from "effect"
import { hash } from "node:crypto"
import { Cluster } from "../Cluster.ts"

/** RFC 9530. */
export const digestOf = (bytes: Uint8Array): string => `sha-256=:${hash("sha256", bytes, "base64")}:`

/** `shared`: other processes may do this too. */
export const layer = (shared: boolean) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { id } = yield* Cluster
      const leases = yield* Leases
      const intake = yield* RequestIntake
      return Dropbin.layer(
        { orderIdOf: dropbinOrderId, digestOf, readPayload: readPayload(intake) },
        { shared: shared ? { leases, holder: id } : null }
      )
    })
  )
