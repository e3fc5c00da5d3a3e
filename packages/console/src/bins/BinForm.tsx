/** A bin is made or changed: what it is, where it stands and whose it is. */
import { BinCategory } from "@dueline/contracts/bin/Bin"
import { type Bin, parsePlace } from "@dueline/contracts/bin/BinEndpoints"
import { useState } from "react"
import { newKey } from "../backend/useAct.ts"
import { headersFor } from "../parts/Actions.tsx"
import { ChangeDialog, type DialogOf } from "../parts/ChangeDialog.tsx"
import { Choice, Field } from "../parts/Fields.tsx"

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
