/** Headers as they were sent, in order, names in lower case; one that came twice is there twice. `raw`: names and values by turns, as Node has them. */
export const rawHeadersOf = (raw: ReadonlyArray<string>): ReadonlyArray<readonly [name: string, value: string]> =>
  Array.from({ length: raw.length / 2 }, (_, index) => [(raw[2 * index] ?? "").toLowerCase(), raw[2 * index + 1] ?? ""])
