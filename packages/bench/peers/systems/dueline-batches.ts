/** Dueline through its own client, which puts what is submitted in one turn of the event loop into one request. */
import * as CallSubmitter from "@dueline/client/CallSubmitter"
import * as DuelineClient from "@dueline/client/DuelineClient"
import { IdempotencyKey } from "@dueline/contracts/Ids"
import { Effect, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { body, type Peer } from "../System.ts"

const peer: Peer = {
  produce: async ({ address = "", token = "" }) => {
    const client = await Effect.runPromise(
      DuelineClient.make({ baseUrl: address, token: Redacted.make(token) }).pipe(Effect.provide(FetchHttpClient.layer))
    )
    const { submit } = CallSubmitter.make(client)
    return {
      submit: ({ dueAt, key, url }) => {
        const when = dueAt === undefined ? {} : { dueAt: new Date(dueAt).toISOString() }
        const request = { method: "POST", url, body } as const
        return Effect.runPromise(submit({ ...when, idempotencyKey: IdempotencyKey.make(key), request }))
      }
    }
  }
}

export default peer
