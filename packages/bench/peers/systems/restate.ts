/** Restate: submitted over HTTP to its ingress, carried out by a service with one durable step around the call. */
import * as restate from "@restatedev/restate-sdk"
import { createServer } from "node:http2"
import { Pool } from "undici"
import { post } from "../load/post.ts"
import { body, type Peer } from "../System.ts"

const calls = restate.service({
  name: "calls",
  handlers: {
    make: async (context: restate.Context, { content, url }: { readonly url: string; readonly content: unknown }) => {
      await context.run("post", () => post(url, content))
    }
  }
})

/** Asks again while the server is not ready for it yet. */
const register = async (admin: string, endpoint: string): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(`${admin}/deployments`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ uri: `http://127.0.0.1:${endpoint}`, force: true })
    })
    const text = await answer.text()
    if (answer.ok) return
    if (attempt === 20) throw new Error(`the deployment was refused: ${text}`)
    await new Promise((done) => setTimeout(done, 250))
  }
}

const peer: Peer = {
  produce: async ({ admin = "", endpoint = "", ingress = "" }, concurrency) => {
    await register(admin, endpoint)
    const pool = new Pool(ingress, { connections: concurrency, pipelining: 1 })
    return {
      submit: async ({ dueAt, key, url }) => {
        const delay = dueAt === undefined ? "" : `?delay=${Math.max(0, dueAt - Date.now())}ms`
        const answer = await pool.request({
          path: `/calls/make/send${delay}`,
          method: "POST",
          headers: { "content-type": "application/json", "idempotency-key": key },
          body: JSON.stringify({ url, content: body })
        })
        const text = await answer.body.text()
        if (answer.statusCode >= 300) throw new Error(`${answer.statusCode}: ${text}`)
      }
    }
  },
  work: ({ endpoint }) =>
    new Promise((ready) => {
      const server = createServer(restate.createEndpointHandler({ services: [calls] }))
      server.listen(Number(endpoint), "127.0.0.1", ready)
    })
}

export default peer
