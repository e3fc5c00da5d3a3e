/** What a handler is given of a request, from the API definition: path, query and headers decoded, and the request with its body unread. */
import type { Api } from "@dueline/contracts/api/Api"
import type { HttpApiEndpoint } from "effect/http-api"

type Groups = (typeof Api)["groups"]

/** For `handle` of an operation without a body, and for `handleRaw` of every other. */
export type Raw<G extends keyof Groups, E extends keyof Groups[G]["endpoints"]> = Omit<
  HttpApiEndpoint.RequestRaw<Groups[G]["endpoints"][E]>,
  "endpoint" | "group"
>
