/**
 * Bins on a map and as a list, the same ones by the same filters; and one bin: what it is, where it stands, whose it is, and how that is changed.
 */
import type { BinId } from "@dueline/contracts/Ids"
import { BinCategory, BinStatus } from "@dueline/contracts/bin/Bin"
import { type Bin, type BinListed, parsePlace } from "@dueline/contracts/bin/BinEndpoints"
import { useState } from "react"
import { Link } from "wouter"
import { newKey, usePages } from "../backend/asking.ts"
import { Actions, headersFor } from "../parts/Actions.tsx"
import { ChangeDialog, DialogButton, type DialogOf } from "../parts/Dialogs.tsx"
import { Facts } from "../parts/Facts.tsx"
import { Choice, Field } from "../parts/Fields.tsx"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { NamedCustomer, shortId } from "../parts/Named.tsx"
import { type Get, OneScreen, useOne } from "../parts/OneScreen.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { Time } from "../time/Time.tsx"
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

/** One bin: what it is, where, whose, and its orders. */
const BinActions = ({ bin, changed }: { readonly bin: Bin; readonly changed: () => void }) => {
  const about = { params: { id: bin.id }, headers: headersFor(bin) }
  const retired = bin.status === "Retired" ? "It is retired" : null
  return (
    <Actions
      scope="ops:bins.write"
      changed={changed}
      of={[
        {
          label: "Into maintenance",
          why: retired ?? (bin.status === "Maintenance" ? "It is in maintenance" : null),
          ask: null,
          question: ({ bins }) => bins.update({ ...about, payload: { status: "Maintenance" } }),
          done: "In maintenance"
        },
        {
          label: "Back into use",
          why: retired ?? (bin.status === "Active" ? "It is in use" : null),
          ask: null,
          question: ({ bins }) => bins.update({ ...about, payload: { status: "Active" } }),
          done: "In use"
        },
        {
          label: "Retire",
          why: retired,
          ask: { text: "For good. It can still be read; no order can have it any more.", danger: true },
          question: ({ bins }) => bins.retire(about),
          done: "Retired"
        }
      ]}
    >
      <DialogButton label="Change" scope="ops:bins.write" why={retired} changed={changed}>
        {(close, done) => <BinForm bin={bin} close={close} changed={done} />}
      </DialogButton>
    </Actions>
  )
}

/** What it is, or was. */
const Whole = ({ of: found }: { readonly of: Bin }) => (
  <>
    <Facts
      of={[
        ["Kind", found.category.replaceAll("_", " ")],
        ["Size", `${found.sizeLitres} l`],
        ["Capacity", `${found.capacityLitres} l`],
        ["Place", found.location === null ? null : `${found.location.lat}, ${found.location.lon}`],
        ["Customer", found.customerId === null ? null : <NamedCustomer key="customer" id={found.customerId} />],
        [
          "Orders",
          <Link key="orders" href={`/orders?binId=${found.id}`}>
            of this week
          </Link>
        ],
        ["Changed", <Time key="changed" at={found.updatedAt} />],
        ["Version", found.version]
      ]}
    />
    <BinMap bins={[found]} />
  </>
)

const Now = ({ changed, of }: { readonly of: Bin; readonly changed: () => void }) => (
  <>
    <BinActions bin={of} changed={changed} />
    <Whole of={of} />
  </>
)

export const BinScreen = ({ id }: { readonly id: string }) => {
  const get: Get<Bin> = ({ bins }, query) => bins.get({ params: { id: id as BinId }, query, headers: {} })
  const answer = useOne(id, get)
  return (
    <OneScreen
      answer={answer}
      get={get}
      title={(bin) => (bin === null ? "Bin" : `Bin ${bin.serialNumber}`)}
      Now={Now}
      Was={Whole}
    />
  )
}

/** A bin is made or changed: what it is, where it stands and whose it is. */
interface BinFormProps extends DialogOf {
  /** Null: one that is not there yet. */
  readonly bin: Bin | null
}

export const BinForm = ({ bin, changed, close }: BinFormProps) => {
  const [serialNumber, setSerial] = useState(bin?.serialNumber ?? "")
  const [category, setCategory] = useState<string>(bin?.category ?? "skip")
  const [litres, setLitres] = useState(String(bin?.sizeLitres ?? 7_000))
  const [place, setPlace] = useState(
    bin === null || bin.location === null ? "" : `${bin.location.lat},${bin.location.lon}`
  )
  const [customer, setCustomer] = useState<string>(bin?.customerId ?? "")
  const location = place.trim() === "" ? null : parsePlace(place.replaceAll(/\s/gu, ""))
  const placed = place.trim() === "" || location !== null
  const payload = {
    serialNumber: serialNumber.trim(),
    category,
    sizeLitres: Number(litres),
    location,
    customerId: customer.trim() === "" ? null : customer.trim()
  } as never
  return (
    <ChangeDialog
      title={bin === null ? "Make a bin" : `Change bin ${bin.serialNumber}`}
      label={bin === null ? "Make it" : "Change it"}
      ready={serialNumber.trim() !== "" && Number(litres) > 0 && placed}
      question={({ bins }) =>
        bin === null
          ? bins.create({ headers: { "idempotency-key": newKey() }, payload })
          : bins.update({ params: { id: bin.id }, headers: headersFor(bin), payload })
      }
      done={bin === null ? "Made" : "Changed"}
      close={close}
      changed={changed}
    >
      <div className="two">
        <Field label="Serial number" value={serialNumber} set={setSerial} />
        <Choice label="Kind" of={BinCategory.literals} value={category} set={setCategory} />
        <Field label="Size in litres" value={litres} set={setLitres} />
        <Field label="Latitude,longitude; empty: nowhere" value={place} set={setPlace} />
      </div>
      {placed ? null : <p className="note warn">A place is written as 50.0755,14.4378.</p>}
      <Field label="Customer's id; empty: anybody's" value={customer} set={setCustomer} />
    </ChangeDialog>
  )
}
