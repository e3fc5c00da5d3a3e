/** The entries of a setting that is a list: parted by commas, blanks around them left out. */
export const entriesOf = (list: string): ReadonlyArray<string> =>
  list
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")
