/** What TLS to the target costs: on connections that stay, and on one for each call; beside the same without it. */
import { forAddress } from "@dueline/test-servers/selfSigned"
import { rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Figure } from "../Figures.ts"
import { closing, type Target } from "../Target.ts"
import { type Arm, inTurns } from "./inTurns.ts"

export const tls = async (target: Target, calls: number): Promise<ReadonlyArray<Figure>> => {
  const authority = join(tmpdir(), `dueline-bench-${process.pid}.crt`)
  writeFileSync(authority, forAddress.certificate)
  const settings = { NODE_EXTRA_CA_CERTS: authority }
  const arm = (name: string, url: string): Arm => ({
    name,
    settings,
    prepare: async () => (i) => ({ url: `${url}/${i}` })
  })
  try {
    return await inTurns(
      [
        arm("plain beside TLS", target.url),
        arm("TLS", target.tlsUrl),
        arm("a connection a call", target.url + closing),
        arm("TLS, a connection a call", target.tlsUrl + closing)
      ],
      target,
      calls
    )
  } finally {
    rmSync(authority, { force: true })
  }
}
