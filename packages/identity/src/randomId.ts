/** Ids for what has no name yet, drawn from Effect's clock and dice, so that a seed repeats them. */
import type { CorrelationId, ServiceCallId } from "@dueline/contracts/Ids"
import { Clock, Effect, Random } from "effect"

/** UUID version 7 (RFC 9562 § 5.7): time-ordered. */
export const uuidV7 = (millis: number, dice: Random.Random): string =>
  uuid(millis.toString(16).padStart(12, "0"), `7${hex32(dice).slice(0, 3)}`, hex32(dice) + hex32(dice))

export const randomUuidV7: Effect.Effect<string> = Effect.withFiber((fiber) =>
  Effect.succeed(uuidV7(fiber.getRef(Clock.Clock).currentTimeMillisUnsafe(), fiber.getRef(Random.Random)))
)

export const callIdOf = (millis: number, dice: Random.Random): ServiceCallId => uuidV7(millis, dice) as ServiceCallId

/** 13 digits in base 36, which are 63.6 bits: 3 × 36¹² values, all below 2⁶⁴. */
export const correlationIdOf = (dice: Random.Random): CorrelationId =>
  `${Math.floor(dice.nextDoubleUnsafe() * 3)}${digits36(dice)}${digits36(dice)}` as CorrelationId

export const randomCorrelationId: Effect.Effect<CorrelationId> = Effect.withFiber((fiber) =>
  Effect.succeed(correlationIdOf(fiber.getRef(Random.Random)))
)

/** Six digits in base 36. */
const digits36 = (dice: Random.Random): string =>
  Math.floor(dice.nextDoubleUnsafe() * 36 ** 6)
    .toString(36)
    .padStart(6, "0")

const hexBytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

/** Eight digits; by table, since every submission asks for three of them. */
const hex32 = (dice: Random.Random): string => {
  const bits = Math.floor(dice.nextDoubleUnsafe() * 0x1_0000_0000)
  return `${hexBytes[bits >>> 24]}${hexBytes[(bits >>> 16) & 255]}${hexBytes[(bits >>> 8) & 255]}${hexBytes[bits & 255]}`
}

/** 12, 4 and 16 hexadecimal digits, the middle ones with the version in front; sets the variant. */
const uuid = (first: string, middle: string, last: string): string => {
  const variant = ((Number.parseInt(last.charAt(0), 16) & 0x3) | 0x8).toString(16)
  return `${first.slice(0, 8)}-${first.slice(8)}-${middle}-${variant}${last.slice(1, 4)}-${last.slice(4)}`
}
