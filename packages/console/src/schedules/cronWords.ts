/** A cron expression in words, for the forms that most schedules have; null for the others, which only their next times explain. */

const days: Readonly<Record<string, string>> = {
  "0": "Sunday",
  "1": "Monday",
  "2": "Tuesday",
  "3": "Wednesday",
  "4": "Thursday",
  "5": "Friday",
  "6": "Saturday",
  "7": "Sunday",
  SUN: "Sunday",
  MON: "Monday",
  TUE: "Tuesday",
  WED: "Wednesday",
  THU: "Thursday",
  FRI: "Friday",
  SAT: "Saturday"
}

const two = (text: string): string => text.padStart(2, "0")
const isNumber = (text: string): boolean => /^\d{1,2}$/u.test(text)

/** `MON-FRI`, `1,3`: Monday to Friday, Monday and Wednesday. */
const dayWords = (field: string): string | null => {
  const part = (text: string): string | null => {
    const names = text.split("-").map((one) => days[one.toUpperCase()])
    return names.length > 2 || names.includes(undefined) ? null : names.join(" to ")
  }
  const parts = field.split(",").map(part)
  return parts.includes(null) ? null : parts.join(", ").replace(/, (?=[^,]*$)/u, " and ")
}

// `*` and `*/n` of a field, as how many; null for anything else.
const pace = (field: string): number | null => {
  if (field === "*") return 1
  const [, n] = /^\*\/(\d{1,2})$/u.exec(field) ?? []
  return n === undefined ? null : Number(n)
}

const every = (n: number, unit: string): string => (n === 1 ? `every ${unit}` : `every ${n} ${unit}s`)

const dateWords = (day: string, weekday: string): string | null => {
  if (day === "*") return weekday === "*" ? "every day" : dayWords(weekday)
  return isNumber(day) && weekday === "*" ? `on day ${day} of each month` : null
}

export const cronWords = (expression: string): string | null => {
  const [minute = "", hour = "", day = "", month = "", weekday = "", more] = expression.trim().split(/\s+/u)
  if (month !== "*" || weekday === "" || more !== undefined) return null
  const date = dateWords(day, weekday)
  if (date === null) return null
  const within = date === "every day" ? "" : `, ${date}`
  const [minutes, hours] = [pace(minute), pace(hour)]
  if (minutes !== null && hour === "*") return every(minutes, "minute") + within
  if (!isNumber(minute)) return null
  if (hours !== null) return `${every(hours, "hour")} at ${two(minute)} past${within}`
  return isNumber(hour) ? `${date} at ${two(hour)}:${two(minute)}` : null
}
