/** The client of the project as a load generator uses it: calls that are submitted together travel together. */
import * as CallSubmitter from "@dueline/client/CallSubmitter"
import * as DuelineClient from "@dueline/client/DuelineClient"
import type { BatchItem } from "@dueline/contracts/api/ServiceCallRequest"
import { Effect, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"

/** Submits one call; resolves when it is durable. */
export type Submit = (item: BatchItem) => Promise<CallSubmitter.Submitted>

export const makeSubmit = async (baseUrl: string, token: string): Promise<Submit> => {
  const client = await Effect.runPromise(
    DuelineClient.make({ baseUrl, token: Redacted.make(token) }).pipe(Effect.provide(FetchHttpClient.layer))
  )
  const { submit } = CallSubmitter.make(client)
  return (item) => Effect.runPromise(submit(item))
}
