/**
 * What has to hold of a resource for a scope to count. Pure, and in three values: what is not known yet of a resource (its tags, before it was
 * read) neither lets in nor keeps out. In the end only a yes lets in.
 */
import { Result } from "effect"

/** All parts at once. */
export interface Where {
  /** It carries this tag. */
  readonly tag?: string
  /** It is in this tenant. */
  readonly tenant?: string
  /** The asker made it. */
  readonly own?: true
}

/** What is known of a resource. Null: not yet. */
export interface Attributes {
  readonly tenantId: string
  readonly tags: ReadonlyArray<string> | null
  readonly own: boolean | null
}

/** When a scope counts: for whatever some `allow` holds of and no `deny`. */
export interface Conditions {
  readonly allow: ReadonlyArray<Where>
  readonly deny: ReadonlyArray<Where>
}

export type Verdict = "yes" | "no" | "depends"

const verdict = (known: boolean | null): Verdict => (known === null ? "depends" : known ? "yes" : "no")

/** The worst of all for `no`, `depends`, `yes`. */
const and = (verdicts: ReadonlyArray<Verdict>): Verdict =>
  verdicts.includes("no") ? "no" : verdicts.includes("depends") ? "depends" : "yes"
const not = (one: Verdict): Verdict => (one === "yes" ? "no" : one === "no" ? "yes" : one)
const or = (verdicts: ReadonlyArray<Verdict>): Verdict => not(and(verdicts.map(not)))

const holds = ({ own, tag, tenant }: Where, of: Attributes): Verdict =>
  and([
    tenant === undefined ? "yes" : verdict(tenant === of.tenantId),
    tag === undefined ? "yes" : verdict(of.tags === null ? null : of.tags.includes(tag)),
    own === undefined ? "yes" : verdict(of.own)
  ])

/** What is denied stays so, whatever allows it. */
export const decide = ({ allow, deny }: Conditions, of: Attributes): Verdict =>
  and([or(allow.map((where) => holds(where, of))), not(or(deny.map((where) => holds(where, of))))])

/** As it is written in a role; empty for whatever there is. */
export const whereText = ({ own, tag, tenant }: Where): string =>
  [
    ...(tenant === undefined ? [] : [`tenant=${tenant}`]),
    ...(tag === undefined ? [] : [`tag=${tag}`]),
    ...(own === undefined ? [] : ["own"])
  ].join(";")

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u
const tag = /^[^\s,;=[\]]{1,64}$/u

/** `tag=north;own`. */
export const readWhere = (text: string): Result.Result<Where, string> => {
  let where: Where = {}
  for (const part of text.split(";")) {
    const [name = "", value = ""] = part.split(/=(.*)/su)
    if (Object.hasOwn(where, name)) return Result.fail(`${name} stands twice`)
    if (part === "own") where = { ...where, own: true }
    else if (name === "tag" && tag.test(value)) where = { ...where, tag: value }
    else if (name === "tenant" && uuid.test(value)) where = { ...where, tenant: value }
    else return Result.fail(`write tag=…, tenant=UUID or own, not ${part}`)
  }
  return Result.succeed(where)
}
