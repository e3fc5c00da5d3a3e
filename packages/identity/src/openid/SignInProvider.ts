/**
 * Where people sign in: an OpenID Connect provider, by authorization code with PKCE. While it is gone nobody signs in, and who is signed in
 * goes on.
 */
import type { TenantId } from "@dueline/contracts/Ids"
import { Context, type Effect, Schema } from "effect"

/** Who has signed in. */
export interface Person {
  readonly subject: string
  /** At least one; the first is meant when a request names none. */
  readonly tenants: readonly [TenantId, ...Array<TenantId>]
  /** Null: the scopes are all there is. */
  readonly roles: ReadonlyArray<string> | null
  readonly scopes: ReadonlyArray<string>
}

/** What the browser keeps between leaving for the provider and coming back: nobody else needs it, and without it nothing can be finished. */
export interface Begun {
  readonly url: URL
  readonly kept: string
}

/** `detail`: for people; holds no secret. */
export class ProviderAway extends Schema.TaggedError<ProviderAway>()("ProviderAway", { detail: Schema.String }) {}
export class SignInRefused extends Schema.TaggedError<SignInRefused>()("SignInRefused", { detail: Schema.String }) {}

export class SignInProvider extends Context.Service<
  SignInProvider,
  {
    /** `callback`: where the provider leads the browser back to. */
    readonly begin: (callback: URL) => Effect.Effect<Begun, ProviderAway>
    /** `callback`: as it came, with what the provider has added. */
    readonly finish: (callback: URL, kept: string) => Effect.Effect<Person, ProviderAway | SignInRefused>
  }
>()("@dueline/identity/openid/SignInProvider") {}
