/** A provider of OpenID Connect that others have made. Whoever comes is Ann, at once. */
import { generateKeyPairSync } from "node:crypto"
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import { Provider } from "oidc-provider"

const keys = [
  {
    ...generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey.export({ format: "jwk" }),
    kid: "first",
    use: "sig",
    alg: "RS256"
  }
]

/** What it knows Dueline by. */
export const clientOfDueline = { clientId: "dueline", clientSecret: "secret-of-dueline-at-the-provider" }

/** `inToken`: her claims stand in the ID token, else at the provider's address for them. `callback`: where it leads back to. */
export const providerOf = (issuer: string, callback: URL, inToken: boolean, claims: object): RequestListener => {
  const provider = new Provider(issuer, {
    jwks: { keys },
    clients: [
      {
        client_id: clientOfDueline.clientId,
        client_secret: clientOfDueline.clientSecret,
        redirect_uris: [callback.href],
        token_endpoint_auth_method: "client_secret_post"
      }
    ],
    conformIdTokenClaims: !inToken,
    claims: { openid: ["sub", "tenant_id", "roles"] },
    pkce: { required: () => true },
    ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 60, IdToken: 60, Interaction: 60, Session: 60 },
    findAccount: (_: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId, ...claims }) }),
    interactions: { url: (_: unknown, { uid }: { readonly uid: string }) => `/interaction/${uid}` },
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ["a key of the test"] }
  })
  const listener = provider.callback()
  const consent = async (request: IncomingMessage, response: ServerResponse) => {
    const grant = new provider.Grant({ accountId: "ann", clientId: clientOfDueline.clientId })
    grant.addOIDCScope("openid")
    await provider.interactionFinished(request, response, {
      login: { accountId: "ann" },
      consent: { grantId: await grant.save() }
    })
  }
  return (request, response) =>
    request.url?.startsWith("/interaction/") === true ? void consent(request, response) : listener(request, response)
}
