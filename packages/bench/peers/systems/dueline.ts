/** Dueline over HTTP with a token, as any client speaks to it. */
import { Pool } from "undici"
import { body, type Peer } from "../System.ts"

const peer: Peer = {
  produce: async ({ address = "", token }, concurrency) => {
    const pool = new Pool(address, { connections: concurrency, pipelining: 1 })
    return {
      submit: async ({ dueAt, key, url }) => {
        const when = dueAt === undefined ? {} : { dueAt: new Date(dueAt).toISOString() }
        const answer = await pool.request({
          path: "/v1/service-calls",
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "idempotency-key": key },
          body: JSON.stringify({ ...when, request: { method: "POST", url, body } })
        })
        const text = await answer.body.text()
        if (answer.statusCode !== 202) throw new Error(`${answer.statusCode}: ${text}`)
      }
    }
  }
}

export default peer
