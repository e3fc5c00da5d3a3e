/** Whether what is sealed in a database opens with a home's keys: for databases that were used before fingerprints were kept. */
import type { CustomerId, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { PersonalDataVault } from "@dueline/contracts/ports/PersonalDataVault"
import { RequestVault, sealContext } from "@dueline/contracts/ports/RequestVault"
import type { SealedSamples } from "@dueline/postgres/schema/Installation"
import { Effect } from "effect"
import * as InstallationKeys from "../InstallationKeys.ts"

/** Null when there is nothing to try. The key file is there. */
export const samplesOpen = ({ profile, request }: SealedSamples, settings: { readonly DUELINE_HOME: string }) =>
  Effect.gen(function* () {
    if (request === null && profile === null) return null
    const requests = yield* RequestVault
    const profiles = yield* PersonalDataVault
    const opened = yield* Effect.all([
      request === null
        ? Effect.succeed(true)
        : Effect.isSuccess(
            requests.open(request.sealed, sealContext(request.tenantId as TenantId, request.callId as ServiceCallId))
          ),
      profile === null
        ? Effect.succeed(true)
        : Effect.isSuccess(
            profiles.open(profile.tenantId as TenantId, profile.customerId as CustomerId, profile.sealed)
          )
    ])
    return opened.every((one) => one)
  }).pipe(Effect.provide(InstallationKeys.layer(settings)))
