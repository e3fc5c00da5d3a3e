/**
 * No system at all: the load generator makes the call itself, at once or by a timer in memory, and nothing is kept. What the machine and the
 * harness cost anybody shows here.
 */
import { post } from "../load/post.ts"
import type { Peer } from "../System.ts"

const peer: Peer = {
  produce: async () => ({
    submit: async ({ dueAt, url }) => {
      if (dueAt === undefined) return post(url)
      // Node's timer may ring up to two milliseconds early; nobody here is ever early.
      const fire = () => {
        const left = dueAt - Date.now()
        if (left > 0) setTimeout(fire, left)
        else void post(url)
      }
      fire()
    }
  })
}

export default peer
