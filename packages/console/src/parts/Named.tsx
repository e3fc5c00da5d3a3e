/** Another thing by the name that people know it by, where it may be read and is; else by the end of its id. */
import type { BinId, CustomerId } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import { Link } from "wouter"
import type { Question } from "../backend/backend.ts"
import { useAnswer } from "../backend/useAnswer.ts"
import { shortId } from "./ids.ts"
import { useMay } from "./useMay.ts"

interface NamedProps {
  readonly id: string
  readonly name: Question<string | undefined>
}

const Asked = ({ id, name }: NamedProps) => useAnswer(id, name).value ?? <code>{shortId(id)}</code>

const Named = ({ id, name, place, scope }: NamedProps & { readonly place: string; readonly scope: string }) => (
  <Link href={`/${place}/${id}`} title={id}>
    {useMay(scope) ? <Asked id={id} name={name} /> : <code>{shortId(id)}</code>}
  </Link>
)

export const NamedBin = ({ id }: { readonly id: BinId }) => (
  <Named
    id={id}
    place="bins"
    scope="ops:bins.read"
    name={({ bins }) =>
      Effect.map(bins.get({ params: { id }, query: {}, headers: {} }), ({ body }) => body?.serialNumber)
    }
  />
)

export const NamedCustomer = ({ id }: { readonly id: CustomerId }) => (
  <Named
    id={id}
    place="customers"
    scope="ops:customers.read"
    name={({ customers }) =>
      Effect.map(customers.get({ params: { id }, query: {}, headers: {} }), ({ body }) => body?.profile?.name)
    }
  />
)
