/** DBOS without a queue: the process that starts a workflow carries it out. */
import { DBOS } from "@dbos-inc/dbos-sdk"
import { body, type Peer } from "../System.ts"
import { call, launch } from "./dbos.ts"

const peer: Peer = {
  produce: async (at) => {
    await launch(at)
    return { submit: ({ key, url }) => DBOS.startWorkflow(call, { workflowID: key })(url, body) }
  }
}

export default peer
