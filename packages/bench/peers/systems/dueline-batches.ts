/** Dueline through its own client, which puts what is submitted in one turn of the event loop into one request. */
import { IdempotencyKey } from "@dueline/contracts/Ids"
import { makeSubmit } from "../../src/submitter.ts"
import { body, type Peer } from "../System.ts"

const peer: Peer = {
  produce: async ({ address = "", token = "" }) => {
    const submit = await makeSubmit(address, token)
    return {
      submit: ({ dueAt, key, url }) => {
        const when = dueAt === undefined ? {} : { dueAt: new Date(dueAt).toISOString() }
        return submit({ ...when, idempotencyKey: IdempotencyKey.make(key), request: { method: "POST", url, body } })
      }
    }
  }
}

export default peer
