/** Ids for what has no name yet, drawn from Effect's clock and dice, so that a seed repeats them. */
import type { CorrelationId, ServiceCallId } from "@dueline/contracts/Ids"
import { Clock, Effect, Random } from "effect"

/** UUID version 7 (RFC 9562 § 5.7): time-ordered. */
export const randomUuidV7: Effect.Effect<string> = Effect.withFiber((fiber) => {
  const millis = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
  const dice = fiber.getRef(Random.Random)
  return Effect.succeed(uuid(millis.toString(16).padStart(12, "0"), `7${hex32(dice).slice(0, 3)}`, hex32(dice) + hex32(dice)))
})

export const randomCallId: Effect.Effect<ServiceCallId> = Effect.map(randomUuidV7, (id) => id as ServiceCallId)

/** 64 bits in base 36. */
export const randomCorrelationId: Effect.Effect<CorrelationId> = Effect.withFiber((fiber) => {
  const dice = fiber.getRef(Random.Random)
  return Effect.succeed(BigInt(`0x${hex32(dice)}${hex32(dice)}`).toString(36) as CorrelationId)
})

const hex32 = (dice: Random.Random): string => Math.floor(dice.nextDoubleUnsafe() * 0x1_0000_0000).toString(16).padStart(8, "0")

/** 12, 4 and 16 hexadecimal digits, the middle ones with the version in front; sets the variant. */
const uuid = (first: string, middle: string, last: string): string => {
  const variant = ((Number.parseInt(last.charAt(0), 16) & 0x3) | 0x8).toString(16)
  return `${first.slice(0, 8)}-${first.slice(8)}-${middle}-${variant}${last.slice(1, 4)}-${last.slice(4)}`
}
