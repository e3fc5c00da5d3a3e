/** A Redis server for one system and one round: new, its append-only file flushed before every answer. */
import { findRedis } from "../../../test-servers/src/findServer.ts"
import { startRedis as start } from "../../../test-servers/src/startRedis.ts"
import { newDirectory } from "../processes.ts"
import type { Store } from "../System.ts"
import { storeOf } from "./store.ts"

export const redisVersion = async (): Promise<string> => (await findRedis()).version

export const startRedis = async (): Promise<Store> => {
  const server = await start({ directory: newDirectory(), durable: true })
  return storeOf(server, { host: "127.0.0.1", port: String(server.port), url: server.url })
}
