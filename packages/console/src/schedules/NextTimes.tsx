/** The next times of a rule on both clocks, with the changes of clocks between them. */
import type { Preview } from "@dueline/contracts/schedule/ScheduleBodies"
import { useAtom } from "../backend/useAtom.ts"
import { Status } from "../parts/Status.tsx"
import { Ago, Time, zoneAtom } from "../time/Time.tsx"
import { markWords } from "./scheduleWords.ts"

export const NextTimes = ({ preview: { items, transitions, zone, zoneData } }: { readonly preview: Preview }) => {
  const here = useAtom(zoneAtom)
  if (items.length === 0) return <p className="empty">There is no next time.</p>
  const lines = [
    ...items.map((item) => ({ at: item.at, local: item.local, words: markWords[item.mark], changes: false })),
    ...transitions.map(({ after, at, before, kind }) => ({
      at,
      local: after,
      words: `clocks are set ${kind} from ${before.slice(11, 16)} to ${after.slice(11, 16)}`,
      changes: true
    }))
  ].sort((a, b) => (a.at < b.at ? -1 : 1))
  return (
    <>
      <div className="scroll">
        <table aria-label="Next times">
          <thead>
            <tr>
              <th scope="col">In {zone}</th>
              {here === zone ? null : <th scope="col">In {here}</th>}
              <th scope="col">From now</th>
              <th scope="col" className="wide">
                What is special
              </th>
            </tr>
          </thead>
          <tbody>
            {lines.map(({ at, changes, local, words }) => (
              <tr key={`${at} ${changes}`}>
                <td className="time">{local.replace("T", " ")}</td>
                {here === zone ? null : (
                  <td>
                    <Time at={at} />
                  </td>
                )}
                <td>
                  <Ago at={at} />
                </td>
                <td className="wide">{changes ? <Status of="changes" words={words} tone="warn" /> : words}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="faint">By version {zoneData} of the zone data.</p>
    </>
  )
}
