/** The workflow of both ways to use DBOS: one step around the call. */
import { DBOS } from "@dbos-inc/dbos-sdk"
import { post } from "../load/post.ts"
import type { Connection } from "../System.ts"

export const applicationName = "bench"
export const queueName = "calls"
export const workflowName = "call"

export const call = DBOS.registerWorkflow(
  async (url: string, content: unknown) => {
    await DBOS.runStep(() => post(url, content), { name: "post" })
  },
  { name: workflowName }
)

/** The executor's id is the default one, the same after a restart: without it nobody takes over what a killed process had. */
export const launch = async ({ url = "" }: Connection): Promise<void> => {
  DBOS.setConfig({ name: applicationName, systemDatabaseUrl: url, logLevel: "warn" })
  await DBOS.launch()
}
