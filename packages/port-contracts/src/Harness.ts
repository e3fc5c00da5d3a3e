/** What a suite needs to know about the adapter under judgement. */
import { it, type Vitest } from "@effect/vitest"
import type { Layer } from "effect"

export interface Harness<R> {
  /** Built once per suite. May be shared with other suites: every sentence keeps to tenants of its own. */
  readonly layer: Layer.Layer<R, unknown>
  /** True for an adapter that cannot work while the clock stands still, such as a driver with a pool. */
  readonly realTime?: boolean
}

/** The sentences of one port, run on one adapter. */
export const judge = <R>(
  port: string,
  name: string,
  harness: Harness<R>,
  sentences: (it: Vitest.MethodsNonLive<R>) => void
): void =>
  it.layer(harness.layer, { timeout: "60 seconds", excludeTestServices: harness.realTime ?? false })(
    `${port} (${name})`,
    sentences
  )
