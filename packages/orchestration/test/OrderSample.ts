/** Orders with notifications to tell stories about. */
import type { OrderCommand, TimeWindow } from "@dueline/contracts/order/Order"
import type { Flow } from "@dueline/contracts/serviceCall/Spec"
import * as Field from "./FieldSample.ts"

export const hour = 3_600_000

/** Two hours long, beginning so many hours after `t0`. */
export const windowAt = (hours: number): TimeWindow => Field.hours(hours, hours + 2)

export const urlOf = (index: number): string => `https://notify.example.com/${index}`

interface Wanted {
  readonly window: TimeWindow | null
  readonly schedule?: boolean
  readonly leads: ReadonlyArray<number>
  readonly urls?: ReadonlyArray<string>
  readonly flow?: Flow
}

export const create = ({ flow, leads, schedule = true, urls, window }: Wanted): OrderCommand => {
  const notifications = leads.map((leadMs, index) => ({
    url: urls?.[index] ?? urlOf(index),
    leadMs,
    ...(flow === undefined ? {} : { flow })
  }))
  return Field.createOrder({ terms: Field.terms({ notifications }), window, schedule })
}
