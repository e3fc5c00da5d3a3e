/** DBOS with a queue: enqueued by a client, carried out by another process. */
import { DBOS, DBOSClient } from "@dbos-inc/dbos-sdk"
import { body, type Peer } from "../System.ts"
import { applicationName, launch, queueName, workflowName } from "./dbos.ts"

const peer: Peer = {
  produce: async ({ url = "" }) => {
    const client = await DBOSClient.create({ systemDatabaseUrl: url, applicationName })
    return {
      submit: ({ dueAt, key, url }) => {
        const delay = dueAt === undefined ? {} : { delaySeconds: Math.max(0, dueAt - Date.now()) / 1_000 }
        return client.enqueue({ queueName, workflowName, workflowID: key, ...delay }, url, body)
      }
    }
  },
  work: async (at) => {
    await launch(at)
    await DBOS.registerQueue(queueName, { minPollingIntervalMs: 100 })
  }
}

export default peer
