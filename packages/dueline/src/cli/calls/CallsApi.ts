/** The running program's API as the command line reaches it: where it is, and with which token. */
import { type AccessScope, tenantScopes } from "@dueline/contracts/api/Access"
import * as DuelineClient from "@dueline/client/DuelineClient"
import { Effect, Redacted } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Configuration from "../../Configuration.ts"
import { CallTenant, expectedAddress, isAddress, ServerAddress, Token } from "../flags.ts"
import { Shell, usage } from "../Shell.ts"

/** A token that a command makes for itself; `call watch` over a longer time wants one of `dueline token --ttl`. */
const ttlSeconds = 43_200

/** Any other character would be refused by the HTTP client, in a message that shows the token. */
const checkedToken = (token: string) =>
  /^[\x21-\x7e]+$/u.test(token)
    ? Effect.succeed(token)
    : usage(
        "The token holds blanks, line breaks or characters beyond ASCII; no token does",
        "check --token and DUELINE_TOKEN"
      )

const serverFor = Effect.fnUntraced(function* (settings: Configuration.Settings, inherited: string | undefined) {
  const server = (yield* ServerAddress) ?? inherited
  if (server === undefined || server === "") return `http://127.0.0.1:${settings.PORT}`
  if (!isAddress(server)) {
    return yield* usage(`Invalid value for DUELINE_SERVER: ${JSON.stringify(server)}. Expected: ${expectedAddress}`)
  }
  return server
})

const tokenFor = Effect.fnUntraced(function* (
  settings: Configuration.Settings,
  inherited: string | undefined,
  scopes: ReadonlyArray<AccessScope>
) {
  const token = (yield* Token) ?? inherited
  if (token !== undefined && token !== "") return yield* checkedToken(token)
  const { mintToken } = yield* Effect.promise(() => import("../access/tokens.ts"))
  return yield* mintToken(settings, {
    tenant: yield* CallTenant,
    scopes,
    subject: "dueline-cli",
    ttlSeconds
  })
})

/** Every operation of the program, with these rights where the command makes its own token. */
const programApiWith = Effect.fnUntraced(function* (scopes: ReadonlyArray<AccessScope>) {
  const { env } = yield* Shell
  const settings = yield* Configuration.read(env)
  const baseUrl = yield* serverFor(settings, env["DUELINE_SERVER"])
  const token = Redacted.make(yield* tokenFor(settings, env["DUELINE_TOKEN"], scopes))
  return yield* Effect.provide(DuelineClient.make({ baseUrl, token }), FetchHttpClient.layer)
})

const programApi = programApiWith(tenantScopes)

/** The overview, of all tenants together too. */
export const overviewApi = Effect.map(programApiWith([...tenantScopes, "ops:tenants.read"]), ({ overview }) => overview)

/** Those on service calls. */
export const callsApi = Effect.map(programApi, ({ serviceCalls }) => serviceCalls)

/** Those on courier sources. */
export const sourcesApi = Effect.map(programApi, (api) => api["courier-sources"])

/** Those on schedules. */
export const schedulesApi = Effect.map(programApi, ({ schedules }) => schedules)

/** Those on customers, bins and orders among others. */
export const fieldApi = programApi

/** Those on flows. */
export const flowsApi = Effect.map(programApi, ({ flows }) => flows)

/** Those on pauses. */
export const pausesApi = Effect.map(programApi, ({ pauses }) => pauses)

/** Those on subscriptions. */
export const subscriptionsApi = Effect.map(programApi, ({ subscriptions }) => subscriptions)

/** Those on API keys. */
export const keysApi = Effect.map(programApi, (api) => api["api-keys"])

/** Those on dead letters. */
export const lettersApi = Effect.map(programApi, (api) => api["dead-letters"])

/** Those on sessions. */
export const sessionsApi = Effect.map(programApi, ({ sessions }) => sessions)

/** Those on bulk jobs. */
export const jobsApi = Effect.map(programApi, ({ jobs }) => jobs)

export type JobsApi = Effect.Success<typeof jobsApi>
export type CallsApi = Effect.Success<typeof callsApi>
