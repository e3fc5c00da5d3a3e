/** The worker, in a process of its own: what a user of the system would run to have the calls made. */
import type { Connection, Peer } from "../System.ts"

const [name = "", connection = "{}"] = process.argv.slice(2)

process.on("disconnect", () => process.exit(0))
const { default: peer } = (await import(`../systems/${name}.ts`)) as { readonly default: Peer }
if (peer.work === undefined) throw new Error(`${name} has no worker`)
await peer.work(JSON.parse(connection) as Connection)
process.send?.("ready")
