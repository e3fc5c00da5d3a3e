/** The thing that an event or an entry is about: what it is, and which, leading to its screen where it has one. */
import { Link } from "wouter"
import { isId, shortId } from "./ids.ts"
import { wordsOf } from "./Status.tsx"

const places: Readonly<Record<string, string>> = {
  "service-call": "calls",
  order: "orders",
  customer: "customers",
  bin: "bins",
  ingestion: "ingestion",
  schedule: "schedules",
  "bulk-job": "jobs",
  subscription: "subscriptions"
}

export const About = ({ id, kind }: { readonly kind: string | null; readonly id: string }) => {
  const place = places[kind ?? ""]
  const name = (
    <>
      {kind === null ? "" : `${wordsOf(kind.replaceAll("-", " "))} `}
      {/* Of anything else the end says nothing. */}
      <code>{isId(id) ? shortId(id) : id}</code>
    </>
  )
  return place === undefined || !isId(id) ? (
    <span title={id}>{name}</span>
  ) : (
    <Link href={`/${place}/${id}`} title={id}>
      {name}
    </Link>
  )
}
