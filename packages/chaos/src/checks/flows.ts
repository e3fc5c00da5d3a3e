/**
 * A flow as its targets saw it: never more of its requests at once than its concurrency, and in no stretch of time more of them than its rate
 * allows, beside those that had a place already when it began. A request of an epoch that was over, of a worker that stood still after it had looked at
 * its lease, holds no place; another checker says how late that may be.
 */
import { flowNames, flows, type FlowName } from "../Drafts.ts"
import type { Check, Evidence, Found } from "../Evidence.ts"
import type { Arrival } from "../History.ts"

interface Line {
  readonly name: string
  readonly flow: FlowName
  readonly arrivals: ReadonlyArray<Arrival>
}

const holdsPlace = ({ at, callId, epoch }: Arrival, evidence: Evidence): boolean => {
  const call = evidence.calls.get(callId)
  return call === undefined || (evidence.attempts(call).overAt.get(epoch) ?? Number.POSITIVE_INFINITY) > at
}

const linesOf = (evidence: Evidence): ReadonlyArray<Line> => {
  const flowOf = new Map(
    [...evidence.submissions].map(([name, operations]) => [name, operations.find(({ wish }) => wish !== null)?.wish])
  )
  return [...evidence.tenantIds.keys()].flatMap((tenant) =>
    flowNames.map((flow) => ({
      name: `${flow} of ${tenant}`,
      flow,
      arrivals: evidence.history.arrivals
        .filter((arrival) => arrival.tenant === tenant && flowOf.get(`${tenant}/${arrival.key}`)?.flow === flow)
        .filter((arrival) => holdsPlace(arrival, evidence))
        .toSorted((a, b) => a.at - b.at)
    }))
  )
}

const crowded = ({ arrivals, flow, name }: Line): ReadonlyArray<Found> => {
  const { concurrency } = flows[flow]
  return arrivals.flatMap(({ at, callId }, i) => {
    const there = arrivals.slice(0, i).filter(({ endedAt }) => (endedAt ?? Number.POSITIVE_INFINITY) > at).length
    return there < concurrency
      ? []
      : [{ callId: null, detail: `${name} had ${there} requests at its targets when ${callId} came at ${at}` }]
  })
}

const hurried = ({ arrivals, flow, name }: Line): ReadonlyArray<Found> => {
  const { concurrency, ratePerSecond } = flows[flow]
  if (ratePerSecond === null) return []
  return arrivals.flatMap(({ at: to }, last) => {
    const first = arrivals.findIndex(
      ({ at: from }, i) => last - i + 1 > concurrency + 1 + (ratePerSecond * (to - from)) / 1_000
    )
    if (first < 0 || first > last) return []
    const from = arrivals[first]?.at ?? to
    return [{ callId: null, detail: `${name} had ${last - first + 1} requests in ${to - from} ms, until ${to}` }]
  })
}

export const flowsKeepTheirBounds: Check = (evidence) =>
  linesOf(evidence).flatMap((line) => [...crowded(line), ...hurried(line)])
