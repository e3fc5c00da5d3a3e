/**
 * A list as a table: `j` and `k` go down and up, Enter opens. What was read before stays while it is read again. Of a long list the rows near what
 * can be seen: the others are room that is kept for them, and cost nothing while the list changes.
 */
import { memo, type ReactNode, type RefObject, useEffect, useRef, useState } from "react"
import { Link } from "wouter"
import { type Pages, rowsKept } from "../backend/asking.ts"
import { TroubleNote } from "./TroubleNote.tsx"

export interface Column<Row> {
  readonly head: string
  readonly cell: (row: Row) => ReactNode
  /** `wide` takes what room there is; `number` stands to the right. */
  readonly as?: "wide" | "number"
  /** What stands beside it, and is not part of the link that a first column is. */
  readonly beside?: (row: Row) => ReactNode
}

interface RowsProps<Row> {
  /** What the list is of, for whoever hears it. */
  readonly label: string
  readonly pages: Pages<Row>
  readonly columns: readonly [Column<Row>, ...ReadonlyArray<Column<Row>>]
  readonly keyOf: (row: Row) => string
  readonly href: ((row: Row) => string) | null
  /** Whether anything narrows the list. */
  readonly filtered: boolean
  /** When there is nothing at all: what to do for there to be something. */
  readonly nothing: ReactNode
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest("input, textarea, select, dialog") !== null

const useRowKeys = () => {
  const table = useRef<HTMLTableElement>(null)
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      if (event.key !== "j" && event.key !== "k") return
      const links = [...(table.current?.querySelectorAll<HTMLElement>("a[data-row]") ?? [])]
      const at = links.indexOf(document.activeElement as HTMLElement)
      const next = links[event.key === "j" ? at + 1 : Math.max(0, at - 1)]
      next?.focus()
      next?.scrollIntoView({ block: "nearest" })
    }
    document.addEventListener("keydown", pressed)
    return () => document.removeEventListener("keydown", pressed)
  }, [])
  return table
}

const Nothing = ({ filtered, more, nothing }: { filtered: boolean; more: boolean; nothing: ReactNode }) => {
  if (more) return <p className="empty">None of those looked at so far fits. There are older ones.</p>
  return filtered ? (
    <p className="empty">
      Nothing fits these filters. <Link href="?">Clear them</Link>
    </p>
  ) : (
    <div className="empty">{nothing}</div>
  )
}

interface CellsProps<Row> {
  readonly row: Row
  readonly columns: ReadonlyArray<Column<Row>>
  readonly to: string | null
}

/** Drawn again when the row is another one, not when the list is. */
const Cells = memo(({ columns, row, to }: CellsProps<unknown>) =>
  columns.map(({ as, beside, cell, head }, index) => (
    <td key={head} className={as}>
      {index === 0 && to !== null ? (
        <Link href={to} data-row="">
          {cell(row)}
        </Link>
      ) : (
        cell(row)
      )}
      {beside?.(row)}
    </td>
  ))
) as <Row>(props: CellsProps<Row>) => ReactNode

/** The place of rows that are not drawn. */
const Room = ({ height }: { readonly height: number }) =>
  height <= 0 ? null : <tr aria-hidden="true" style={{ height }} />

type BodyProps<Row> = Pick<RowsProps<Row>, "columns" | "href" | "keyOf"> & {
  readonly rows: ReadonlyArray<Row>
  readonly body: RefObject<HTMLTableSectionElement | null>
}

const Body = <Row,>({ body, columns, href, keyOf, rows }: BodyProps<Row>) => {
  const { from, height, to } = useShownPart(body, rows.length)
  return (
    <tbody ref={body}>
      <Room height={from * height} />
      {rows.slice(from, to).map((row, index) => (
        <tr key={keyOf(row)} aria-rowindex={from + index + 2}>
          <Cells row={row} columns={columns} to={href === null ? null : href(row)} />
        </tr>
      ))}
      <Room height={(rows.length - to) * height} />
    </tbody>
  )
}

const Foot = <Row,>({ pages }: { readonly pages: Pages<Row> }) => (
  <footer className="foot">
    <span>
      {pages.rows.length === 0 ? "" : `${pages.rows.length} shown`}
      {pages.rows.length >= rowsKept ? `: no more than ${rowsKept} are kept here. Narrow the filter.` : ""}
    </span>
    {pages.more ? (
      <button type="button" onClick={pages.further} disabled={pages.asking}>
        {pages.rows.length === 0 ? "Look further back" : "Show more"}
      </button>
    ) : null}
  </footer>
)

export const Rows = <Row,>({ columns, filtered, href, keyOf, label, nothing, pages }: RowsProps<Row>) => {
  const table = useRowKeys()
  const body = useRef<HTMLTableSectionElement>(null)
  const { asking, more, rows, trouble } = pages
  return (
    <>
      {trouble === null ? null : <TroubleNote trouble={trouble} again={pages.again} />}
      {rows.length === 0 && asking ? <p className="faint">Reading…</p> : null}
      {rows.length === 0 && !asking && trouble === null ? (
        <Nothing filtered={filtered} more={more} nothing={nothing} />
      ) : null}
      {rows.length === 0 ? null : (
        <div className="scroll" aria-busy={asking}>
          <table ref={table} aria-label={label} aria-rowcount={rows.length + 1}>
            <thead>
              <tr>
                {columns.map(({ as, head }) => (
                  <th key={head} scope="col" className={as}>
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <Body body={body} columns={columns} href={href} keyOf={keyOf} rows={rows} />
          </table>
        </div>
      )}
      <Foot pages={pages} />
    </>
  )
}

/** So many are drawn whatever can be seen. */
const whole = 120
/** Beyond what can be seen, so that neither keys nor a turn of the wheel come to an end of it. */
const margin = 40
/** Drawn anew after so many rows have gone by. */
const step = 20

interface Part {
  readonly from: number
  readonly to: number
  /** Of one row, in pixels. */
  readonly height: number
}

const all: Part = { from: 0, to: whole, height: 0 }

export const useShownPart = (body: RefObject<HTMLTableSectionElement | null>, count: number): Part => {
  const [part, setPart] = useState(all)
  const long = count > whole
  useEffect(() => {
    if (!long) return setPart(all)
    const look = () => {
      const drawn = body.current?.querySelectorAll("tr[aria-rowindex]")
      const [first, last] = [drawn?.[0], drawn?.[drawn.length - 1]]
      if (body.current === null || drawn === undefined || first === undefined || last === undefined) return
      const height = (last.getBoundingClientRect().bottom - first.getBoundingClientRect().top) / drawn.length
      const above = Math.floor(-body.current.getBoundingClientRect().top / height)
      const seen = Math.ceil(window.innerHeight / height)
      const from = Math.max(0, Math.floor((above - margin) / step) * step)
      const to = Math.max(whole, from + Math.ceil((seen + 2 * margin + step) / step) * step)
      setPart((before) =>
        before.from === from && before.to === to && before.height > 0 ? before : { from, to, height }
      )
    }
    look()
    window.addEventListener("scroll", look, { passive: true })
    window.addEventListener("resize", look)
    return () => {
      window.removeEventListener("scroll", look)
      window.removeEventListener("resize", look)
    }
  }, [long, body])
  return part
}
