/** What failed in the last hour, by reason and then by target, as the overview counts it: the whole of it, whatever the list below has read. */
import type { Overview } from "@dueline/contracts/api/OverviewEndpoints"
import { useAnswer } from "../backend/useAnswer.ts"
import { useMay } from "../parts/useMay.ts"
import { reasonWords } from "./callWords.ts"

const lookMs = 15_000
const targetsShown = 8

type Failures = Overview["lastHour"]["failures"]

/** The most frequent reason first, and in it the most frequent target. Pure. */
export const groupsOf = (failures: Failures) => {
  const groups = new Map<string, { count: number; targets: Array<{ target: string; count: number }> }>()
  for (const { count, reason, target } of failures) {
    const group = groups.get(reason) ?? { count: 0, targets: [] }
    group.count += count
    group.targets.push({ target, count })
    groups.set(reason, group)
  }
  return [...groups]
    .map(([reason, { count, targets }]) => ({ reason, count, targets: targets.sort((a, b) => b.count - a.count) }))
    .sort((a, b) => b.count - a.count)
}

const Groups = ({ choose }: { readonly choose: (target: string) => void }) => {
  const answer = useAnswer("failed", (api) => api.overview.get({ query: {} }), lookMs)
  const groups = groupsOf(answer.value?.lastHour.failures ?? [])
  if (groups.length === 0) return null
  return (
    <section aria-label="Failed in the last hour, by reason and target">
      {groups.map(({ count, reason, targets }) => (
        <div key={reason} className="groups">
          <span>
            {reason === "" ? "others" : reasonWords(reason)} <b>{count}</b> in the last hour
          </span>
          {targets.slice(0, targetsShown).map(({ count: ofTarget, target }) =>
            target === "" ? null : (
              <button type="button" key={target} className="chip" onClick={() => choose(target)}>
                {target} <b>{ofTarget}</b>
              </button>
            )
          )}
        </div>
      ))}
    </section>
  )
}

export const FailedGroups = ({ choose }: { readonly choose: (target: string) => void }) =>
  useMay("ops:overview.read") ? <Groups choose={choose} /> : null
