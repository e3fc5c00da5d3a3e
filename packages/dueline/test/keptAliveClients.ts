/** Clients as services have them: each keeps a connection, asks again at once, and goes away when there is nobody to connect to. */
import { Agent, type ClientRequest, get } from "node:http"

/** What cut off a request on a connection that had served before; a refused new connection is no trouble, the program has gone. */
type CutOff = string

const oneRequest = (url: string, agent: Agent): Promise<{ readonly served: boolean; readonly cutOff: CutOff | null }> =>
  new Promise((resolve) => {
    const request: ClientRequest = get(url, { agent }, (answer) => {
      answer.resume()
      answer.on("error", (error) => resolve({ served: false, cutOff: `in the answer: ${error.message}` }))
      answer.on("end", () => resolve({ served: true, cutOff: null }))
    })
    request.on("error", (error) => resolve({ served: false, cutOff: request.reusedSocket ? error.message : null }))
  })

/** `warm`: every client has used its connection twice. `cutOff`: once all have gone, what any of them met on a reused connection. */
export const keptAliveClients = (address: string, count: number) => {
  const clients = Array.from({ length: count }, () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    let warmed = () => {}
    const warm = new Promise<void>((resolve) => (warmed = resolve))
    const run = async (): Promise<ReadonlyArray<CutOff>> => {
      const met: Array<CutOff> = []
      for (let served = 0; ; served++) {
        const one = await oneRequest(`${address}/health/startup`, agent)
        if (served === 1) warmed()
        if (one.cutOff !== null) met.push(one.cutOff)
        if (!one.served && one.cutOff === null) break
      }
      agent.destroy()
      return met
    }
    return { warm, run: run() }
  })
  return {
    warm: Promise.all(clients.map(({ warm }) => warm)),
    cutOff: Promise.all(clients.map(({ run }) => run)).then((met) => met.flat())
  }
}
