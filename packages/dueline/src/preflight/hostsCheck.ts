/** Looks at every server that DUELINE_DATABASE_URL names, so that one which could not take over is known before it has to. */
import { askHosts, hostsOf, type Login, type Standing } from "@dueline/postgres/hosts/askHosts"
import { Effect } from "effect"
import { type Check, warning } from "./Finding.ts"

const wrongWith = (standing: Standing, later: number): string | null => {
  if (standing._tag === "standby") return null
  if (standing._tag !== "writes") return standing.why
  return standing.timeline < later
    ? `it takes writes on timeline ${standing.timeline}, and another one on ${later}`
    : null
}

const hostsCheck = (login: Login): Check => ({
  name: "servers",
  run: Effect.map(askHosts(login), (asked) => {
    const later = Math.max(0, ...asked.map(({ standing }) => (standing._tag === "writes" ? standing.timeline : 0)))
    return asked.flatMap(({ host, standing }) => {
      const wrong = wrongWith(standing, later)
      const advice = "make it a standby again, or take it out of DUELINE_DATABASE_URL (docs/runbook.md, Failover)"
      return wrong === null ? [] : [warning("servers", `${host.place} could not take over: ${wrong}`, advice)]
    })
  })
})

/** Nothing is to be said of the only one there is: the other checks ask it. */
export const hostsChecks = (login: Login): ReadonlyArray<Check> =>
  hostsOf(login).length > 1 ? [hostsCheck(login)] : []
