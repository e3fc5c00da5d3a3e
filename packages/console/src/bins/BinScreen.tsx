/** One bin: what it is, where, whose, and its orders. */
import type { Bin } from "@dueline/contracts/bin/BinEndpoints"
import type { BinId } from "@dueline/contracts/Ids"
import { Link } from "wouter"
import { Actions, headersFor } from "../parts/Actions.tsx"
import { DialogButton } from "../parts/ChangeDialog.tsx"
import { Facts } from "../parts/Facts.tsx"
import { NamedCustomer } from "../parts/Named.tsx"
import { type Get, OneScreen, useOne } from "../parts/OneScreen.tsx"
import { Time } from "../time/Time.tsx"
import { BinForm } from "./BinForm.tsx"
import { BinMap } from "./BinMap.tsx"

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
