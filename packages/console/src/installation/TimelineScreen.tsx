/** Everything that one cause brought about, oldest first. */
import type { TimelineEvent } from "@dueline/contracts/api/AuditEndpoints"
import type { CorrelationId } from "@dueline/contracts/Ids"
import { usePages } from "../backend/usePages.ts"
import { About } from "../parts/About.tsx"
import { Events } from "../parts/Events.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { TroubleNote } from "../parts/TroubleNote.tsx"

const aboutOf = ({ category, id }: TimelineEvent) => <About kind={category} id={id} />

export const TimelineScreen = ({ id }: { readonly id: string }) => {
  const pages = usePages(
    id,
    ({ timeline }, page) => timeline.read({ query: { ...page, correlation: id as CorrelationId } }),
    100
  )
  return (
    <Screen title={`Timeline of ${id}`} actions={<Freshness asked={pages} />}>
      {pages.trouble === null ? null : <TroubleNote trouble={pages.trouble} again={pages.again} />}
      {pages.rows.length === 0 && pages.asking ? <p className="faint">Reading…</p> : null}
      {pages.rows.length === 0 && !pages.asking && pages.trouble === null ? (
        <p className="empty">Nothing is known under this correlation id in this tenant.</p>
      ) : null}
      <Events of={pages.rows} about={aboutOf} />
      {pages.more ? (
        <button type="button" onClick={pages.further} disabled={pages.asking}>
          Show more
        </button>
      ) : null}
    </Screen>
  )
}
