/** API keys over HTTP. What a key is stands in the answer to the request that made it, and nowhere else: the store has a hash. */
import { AccessScope, Principal } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import { formatInstant, parseDelay } from "@dueline/contracts/api/Wire"
import {
  type ApiKeyCommand,
  type ApiKeyFacts,
  type ApiKeyId,
  type ApiKeyRejection,
  type ApiKeyRow,
  defaultWorkspace
} from "@dueline/contracts/apiKey/ApiKey"
import type { ApiKeyIssued, ApiKeyState, ApiKeyView } from "@dueline/contracts/apiKey/ApiKeyEndpoints"
import type { CorrelationId, EpochMillis } from "@dueline/contracts/Ids"
import { ApiKeys } from "@dueline/contracts/ports/Directories"
import { drawKey, keyDigest, prefixOf } from "@dueline/identity/apiKeyText"
import { Effect, Layer, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { ApiKeyAccess } from "./ApiKeyAccess.ts"
import { leanGroup } from "../server/leanGroup.ts"
import type { Raw } from "../resources/asking.ts"
import { keyReused, notFound, type Refusals, storeUnavailable } from "../requests/refusal.ts"
import { invalidRequest } from "../requests/requestBody.ts"
import { equals, makeReads } from "../resources/resourceReads.ts"
import { makeWrites } from "../resources/resourceWrites.ts"

const shown = (id: ApiKeyId, key: ApiKeyFacts, version: number): ApiKeyState => ({
  id,
  name: key.name,
  workspace: key.workspace,
  scopes: key.scopes,
  prefix: prefixOf(id),
  status: key.status,
  createdAt: formatInstant(key.createdAt),
  updatedAt: formatInstant(key.updatedAt),
  expiresAt: key.expiresAt === null ? null : formatInstant(key.expiresAt),
  version,
  links: { self: `/v1/api-keys/${id}` }
})

type LastUses = ReadonlyMap<ApiKeyId, EpochMillis>

const viewWith =
  (uses: LastUses) =>
  (row: ApiKeyRow): ApiKeyView => {
    const at = uses.get(row.apiKeyId)
    return {
      ...shown(row.apiKeyId, row, row.version),
      lastUsedAt: at === undefined ? null : formatInstant(at),
      correlationId: row.correlationId as CorrelationId
    }
  }

const refusals = {
  ApiKeyNotFound: notFound("api_key_not_found"),
  ApiKeyIdTaken: keyReused
} as const satisfies Refusals<ApiKeyRejection>

const isScope = Schema.is(AccessScope)

/** A key may do no more than who makes it: otherwise a right to make keys would be every right. */
const scopeProblems = (asked: ReadonlyArray<string>, own: ReadonlyArray<string>) =>
  asked.flatMap((scope, index) => {
    const path = `body.scopes[${index}]`
    if (!isScope(scope)) return [{ path, message: "is no scope that there is: see docs/api.md, Scopes" }]
    return own.includes(scope)
      ? []
      : [{ path, message: "is a scope that you do not have yourself: leave it out, or ask whoever has it" }]
  })

const makeOperations = Effect.gen(function* () {
  const reads = yield* makeReads("api-key")
  const keys = yield* ApiKeys
  const access = yield* ApiKeyAccess

  /** What the key in a command is, as long as the request for it is under way. */
  const clear = new WeakMap<ApiKeyCommand, string>()

  const { change, create } = yield* makeWrites("api-key", {
    refusals,
    present: reads.present,
    state: (_tenantId, { outcome: { apiKeyId, key }, version }, command) => {
      const state = shown(apiKeyId, key, version)
      if (command._tag === "RevokeApiKey") return state
      // A repeat drew a key that was not kept.
      const kept = key.digest === command.key.digest
      return { ...state, key: kept ? (clear.get(command) ?? null) : null } satisfies ApiKeyIssued
    }
  })

  const usesOf = Effect.fnUntraced(function* (ids: ReadonlyArray<ApiKeyId>) {
    const { tenantId } = yield* Principal
    return yield* keys.lastUses(tenantId, ids).pipe(Effect.catch(storeUnavailable))
  })

  const rows = reads.list(
    ({ name, status, workspace }: Raw<"api-keys", "list">["query"]) => equals({ name, status, workspace }),
    (row) => row
  )
  const revoke = change("revoke", {
    as: "revoke-api-key",
    command: ({ at, id }) => ({ _tag: "RevokeApiKey", apiKeyId: id, at })
  })

  return {
    create: create("create", {
      as: "create-api-key",
      command: ({ at, body, fingerprint, id, origin }) =>
        Effect.flatMap(Principal, (principal) => {
          const { expiresIn, name, scopes, workspace = defaultWorkspace } = body
          const problems = scopeProblems(scopes, principal.scopes)
          if (problems.length > 0) return invalidRequest(problems)
          const text = drawKey(id)
          const expiresAt = expiresIn === undefined ? null : ((at + parseDelay(expiresIn, "down")) as EpochMillis)
          const command: ApiKeyCommand = {
            _tag: "CreateApiKey",
            apiKeyId: id,
            at,
            key: { name, workspace, scopes: [...new Set(scopes)], expiresAt, digest: keyDigest(text) },
            fingerprint,
            origin
          }
          clear.set(command, text)
          return Effect.succeed(command)
        })
    }),
    list: Effect.fnUntraced(function* (sent: Raw<"api-keys", "list">) {
      const { items, nextCursor } = yield* rows(sent)
      const uses = items.length === 0 ? new Map() : yield* usesOf(items.map(({ apiKeyId }) => apiKeyId))
      return { items: items.map(viewWith(uses)), nextCursor }
    }),
    get: reads.getWith((row) => Effect.map(usesOf([row.apiKeyId]), (uses) => viewWith(uses)(row))),
    revoke: (sent: Raw<"api-keys", "revoke">) => Effect.tap(revoke(sent), () => access.forget(sent.params.id))
  }
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const { create, get, list, revoke } = yield* makeOperations
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "api-keys", (handlers) =>
        handlers.handleRaw("create", create).handle("list", list).handle("get", get).handle("revoke", revoke)
      )
    )
  })
)
