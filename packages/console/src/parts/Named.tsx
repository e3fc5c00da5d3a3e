/** Another thing by the name that people know it by, where it may be read and is; else by the end of its id. Ids of things, which are UUIDs. */
import type { BinId, CustomerId } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import { Link } from "wouter"
import { useAnswer } from "../backend/asking.ts"
import type { Question } from "../backend/backend.ts"
import { useMay } from "../backend/session.ts"

interface NameProps {
  readonly id: string
  readonly name: Question<string | undefined>
}

const Asked = ({ id, name }: NameProps) => useAnswer(id, name).value ?? <code>{shortId(id)}</code>

const Name = ({ id, name, scope }: NameProps & { readonly scope: string }) =>
  useMay(scope) ? <Asked id={id} name={name} /> : <code>{shortId(id)}</code>

const BinName = ({ id }: { readonly id: BinId }) => (
  <Name
    id={id}
    scope="ops:bins.read"
    name={({ bins }) =>
      Effect.map(bins.get({ params: { id }, query: {}, headers: {} }), ({ body }) => body?.serialNumber)
    }
  />
)

/** No list has it: each profile is asked for by itself. */
export const CustomerName = ({ id }: { readonly id: CustomerId }) => (
  <Name
    id={id}
    scope="ops:customers.read"
    name={({ customers }) =>
      Effect.map(customers.get({ params: { id }, query: {}, headers: {} }), ({ body }) => body?.profile?.name)
    }
  />
)

export const NamedBin = ({ id }: { readonly id: BinId }) => (
  <Link href={`/bins/${id}`} title={id}>
    <BinName id={id} />
  </Link>
)

export const NamedCustomer = ({ id }: { readonly id: CustomerId }) => (
  <Link href={`/customers/${id}`} title={id}>
    <CustomerName id={id} />
  </Link>
)

/** They begin with the time at which they were made, so those of one hour begin alike: the end tells one from another. */
export const shortId = (id: string): string => id.slice(-8)

export const isId = (text: string): boolean => /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/u.test(text)
