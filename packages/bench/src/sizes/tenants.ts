/** What it costs when the same calls are of a thousand tenants, each with a token of its own. */
import { defaultTokenSettings } from "@dueline/identity/AccessToken"
import * as TokenIssuer from "@dueline/identity/TokenIssuer"
import { TenantId } from "@dueline/contracts/Ids"
import * as SigningKeys from "@dueline/secrets/SigningKeys"
import { Effect, Layer } from "effect"
import { join } from "node:path"
import type { Figure } from "../Figures.ts"
import { posting } from "../posting.ts"
import { environment, printedBy, type Subject } from "../Subject.ts"
import type { Target } from "../Target.ts"
import { inTurns } from "./inTurns.ts"

const makeTenants = async ({ address, home }: Subject, count: number): Promise<ReadonlyArray<TenantId>> => {
  const token = printedBy(environment(home), "token", "--ttl", "1h", "--scope", "ops:tenants.write")
  const { all, close, post } = posting({ address, token })
  const ids: Array<TenantId> = []
  await all(count, async (i) => {
    const { id } = (await post("/ops/tenants", { workspace: `bench-${i}` })) as { readonly id: string }
    ids.push(TenantId.make(id))
  })
  await close()
  return ids
}

/** Signed with the keys of the home, as `dueline token` does, without a process for each. */
const tokensOf = ({ home }: Subject, tenants: ReadonlyArray<TenantId>): Promise<ReadonlyArray<string>> => {
  const keys = SigningKeys.layer({ directory: join(home, "keys", "tokens") })
  const issuer = TokenIssuer.layer(defaultTokenSettings).pipe(Layer.provide(keys))
  const scopes = ["ops:calls.read", "ops:calls.write"]
  const minted = Effect.gen(function* () {
    const { mint } = yield* TokenIssuer.TokenIssuer
    return yield* Effect.forEach(tenants, (tenantId) =>
      mint({ subject: "bench", tenantId, scopes, ttlSeconds: 43_200 })
    )
  })
  return Effect.runPromise(Effect.provide(minted, issuer))
}

export const tenants = (target: Target, calls: number, count: number): Promise<ReadonlyArray<Figure>> =>
  inTurns(
    [
      { name: "one tenant", prepare: async () => (i) => ({ url: `${target.url}/${i}` }) },
      {
        name: `${count.toLocaleString("en")} tenants`,
        prepare: async (subject) => {
          const tokens = await tokensOf(subject, await makeTenants(subject, count))
          return (i) => ({ url: `${target.url}/${i}`, token: tokens[i % tokens.length] ?? subject.token })
        }
      }
    ],
    target,
    calls
  )
