/** What resolv.conf(5) says about names that are not whole. The name servers in it are c-ares' business. */

export interface SearchRules {
  readonly search: ReadonlyArray<string>
  /** A name with fewer dots is tried with the search list first. */
  readonly ndots: number
}

const maxSearch = 6
const maxNdots = 15

/** The last `search` or `domain` counts. Left out: the host's own domain when there is none, and the variables LOCALDOMAIN and RES_OPTIONS. */
export const parseResolvConf = (text: string): SearchRules => {
  let search: ReadonlyArray<string> = []
  let ndots = 1
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line
      .replace(/[#;].*/, "")
      .trim()
      .split(/\s+/)
    if (keyword === "search") search = values.slice(0, maxSearch)
    if (keyword === "domain") search = values.slice(0, 1)
    if (keyword !== "options") continue
    for (const value of values) {
      const given = /^ndots:(\d{1,3})$/.exec(value)?.[1]
      if (given !== undefined) ndots = Math.min(Number(given), maxNdots)
    }
  }
  return {
    search: search.map((domain) => domain.toLowerCase().replace(/^\.|\.$/g, "")).filter((one) => one !== ""),
    ndots
  }
}

/** The whole names that a name may mean, in the order in which they are asked. One that ends in a dot is whole. */
export const searchNames = (name: string, { ndots, search }: SearchRules): ReadonlyArray<string> => {
  if (name.endsWith(".")) return [name.slice(0, -1)]
  const searched = search.map((domain) => `${name}.${domain}`)
  return name.split(".").length - 1 >= ndots ? [name, ...searched] : [...searched, name]
}
