/** One bin: what it is, where, whose, and its orders. */
import type { Bin } from "@dueline/contracts/bin/BinEndpoints"
import type { BinId } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import { Link } from "wouter"
import { useAnswer } from "../backend/useAnswer.ts"
import { Actions, headersFor } from "../parts/Actions.tsx"
import { DialogButton } from "../parts/ChangeDialog.tsx"
import { Facts } from "../parts/Facts.tsx"
import { type Get, InTime, StatusNow } from "../parts/InTime.tsx"
import { Answered, Freshness, Screen } from "../parts/Screen.tsx"
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
const Whole = ({ bin: found }: { readonly bin: Bin }) => (
  <>
    <Facts
      of={[
        ["Kind", found.category.replaceAll("_", " ")],
        ["Size", `${found.sizeLitres} l`],
        ["Capacity", `${found.capacityLitres} l`],
        ["Place", found.location === null ? null : `${found.location.lat}, ${found.location.lon}`],
        [
          "Customer",
          found.customerId === null ? null : (
            <Link key="customer" href={`/customers/${found.customerId}`}>
              {found.customerId}
            </Link>
          )
        ],
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

export const BinScreen = ({ id }: { readonly id: string }) => {
  const get: Get<Bin> = ({ bins }, query) => bins.get({ params: { id: id as BinId }, query, headers: {} })
  const answer = useAnswer(id, (api) => Effect.map(get(api, {}), ({ body }) => body ?? null))
  const bin = answer.value
  return (
    <Screen
      title={bin === null ? "Bin" : `Bin ${bin.serialNumber}`}
      aside={bin === null ? null : <StatusNow of={bin} />}
      actions={<Freshness asked={answer} />}
    >
      <Answered answer={answer}>
        {(found) =>
          found === null ? null : (
            <InTime
              of={found}
              get={get}
              now={
                <>
                  <BinActions bin={found} changed={answer.again} />
                  <Whole bin={found} />
                </>
              }
            >
              {(was) => <Whole bin={was} />}
            </InTime>
          )
        }
      </Answered>
    </Screen>
  )
}
