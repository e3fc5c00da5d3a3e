/** A NATS server with JetStream for one round: new, every message on disk before it is acknowledged. */
import { findNats } from "../../../test-servers/src/findServer.ts"
import { startNats as start } from "../../../test-servers/src/startNats.ts"
import { newDirectory } from "../processes.ts"
import type { Store } from "../System.ts"
import { storeOf } from "./store.ts"

export const natsVersion = async (): Promise<string> => (await findNats()).version

export const startNats = async (): Promise<Store> => {
  const server = await start({ directory: newDirectory(), syncAlways: true })
  return storeOf(server, { url: server.url })
}
