/** A length of time as it is read. */

const steps: ReadonlyArray<readonly [unit: string, millis: number]> = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000]
]

/** `3 min`, `2 d 4 h`: the two largest units, at least a second. */
export const span = (millis: number): string => {
  const length = Math.abs(millis)
  const first = steps.findIndex(([, size]) => length >= size)
  const [unit, size] = steps[first] ?? ["s", 1_000]
  const whole = Math.floor(length / size)
  const [smaller, smallerSize] = steps[first + 1] ?? ["", 0]
  const rest = smallerSize === 0 || whole >= 10 ? 0 : Math.floor((length % size) / smallerSize)
  return rest === 0 ? `${whole} ${unit}` : `${whole} ${unit} ${rest} ${smaller}`
}
