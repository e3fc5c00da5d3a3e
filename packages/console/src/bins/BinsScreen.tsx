/** Bins on a map and as a list: the same ones, by the same filters. */
import { BinCategory, BinStatus } from "@dueline/contracts/bin/Bin"
import type { BinListed } from "@dueline/contracts/bin/BinEndpoints"
import { Link } from "wouter"
import { usePages } from "../backend/usePages.ts"
import { DialogButton } from "../parts/ChangeDialog.tsx"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { shortId } from "../parts/ids.ts"
import { BinForm } from "./BinForm.tsx"
import { BinMap } from "./BinMap.tsx"

const filters: ReadonlyArray<Filter> = [
  { name: "status", label: "State", oneOf: BinStatus.literals },
  { name: "category", label: "Kind", oneOf: BinCategory.literals },
  { name: "serialNumber", label: "Serial number", type: "text" },
  { name: "near", label: "Near (latitude,longitude)", type: "text", hint: "50.0755,14.4378" },
  { name: "radius", label: "Within metres", type: "text", hint: "2000" },
  { name: "customerId", label: "Customer id", type: "text" }
]

const distance = (metres: number | undefined): string =>
  metres === undefined ? "–" : metres < 1_000 ? `${Math.round(metres)} m` : `${(metres / 1_000).toFixed(1)} km`

const columns: readonly [Column<BinListed>, ...ReadonlyArray<Column<BinListed>>] = [
  { head: "Serial number", cell: ({ serialNumber }) => serialNumber },
  { head: "State", cell: ({ status }) => <Status of={status} /> },
  { head: "Kind", cell: ({ category }) => category.replaceAll("_", " ") },
  { head: "Litres", as: "number", cell: ({ capacityLitres, sizeLitres }) => `${capacityLitres} of ${sizeLitres}` },
  { head: "Distance", as: "number", cell: ({ distanceMetres }) => distance(distanceMetres) },
  {
    head: "Place",
    as: "wide",
    cell: ({ location }) => (location === null ? "–" : `${location.lat.toFixed(4)}, ${location.lon.toFixed(4)}`)
  },
  {
    head: "Customer",
    cell: ({ customerId }) =>
      customerId === null ? "–" : <Link href={`/customers/${customerId}`}>{shortId(customerId)}</Link>
  }
]

/** A search for what is near has a place and a radius; with one of them alone there is none yet. */
const queryOf = ({ near, radius, ...others }: Readonly<Record<string, string>>) =>
  near === undefined ? others : { ...others, near, radius: Number(radius ?? 5_000) }

export const BinsScreen = () => {
  const [values, set] = useFilters(filters)
  const pages = usePages(
    JSON.stringify(values),
    ({ bins }, page) => bins.list({ query: { ...page, ...queryOf(values) } as never }),
    200
  )
  return (
    <Screen
      title="Bins"
      actions={
        <>
          <Freshness asked={pages} />
          <DialogButton label="Make a bin" scope="ops:bins.write" why={null} changed={pages.again}>
            {(close, done) => <BinForm bin={null} close={close} changed={done} />}
          </DialogButton>
        </>
      }
    >
      <Filters filters={filters} values={values} set={set} />
      <BinMap bins={pages.rows} />
      <Rows
        label="Bins"
        pages={pages}
        columns={columns}
        keyOf={({ id }) => id}
        href={({ id }) => `/bins/${id}`}
        filtered={Object.keys(values).length > 0}
        nothing={<p>There is no bin yet.</p>}
      />
    </Screen>
  )
}
