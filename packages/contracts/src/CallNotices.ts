/** Which calls have changed, told at once to whoever watches their tenant. Losing a notice is harmless: the rows say the same. */
import { Context, Effect, Layer, type Scope } from "effect"
import type { ServiceCallId, TenantId } from "./Ids.ts"

/** `omitted`: how many changes are not among `callIds`, since there were too many. */
export interface ChangedCalls {
  readonly callIds: ReadonlyArray<ServiceCallId>
  readonly omitted: number
}

export interface CallNotices {
  /** Said by the writer once the change is durable. A look into a map where nobody watches the tenant. Neither throws nor waits. */
  readonly changed: (tenantId: TenantId, callId: ServiceCallId) => void
  /**
   * Tells of each change from now on until the scope closes. The listener is called synchronously and must not throw. Done when the writer
   * knows of it, or cannot be told at the moment.
   */
  readonly watch: (
    tenantId: TenantId,
    heard: (changed: ChangedCalls) => void
  ) => Effect.Effect<void, never, Scope.Scope>
}

/** Of a process that watches nothing. */
export const CallNotices = Context.Reference<CallNotices>("@dueline/contracts/CallNotices", {
  defaultValue: () => ({ changed: () => undefined, watch: () => Effect.void })
})

/** Changed calls that wait to be told, each once, those that changed last being kept: bounded, what has no room is counted. */
export class ChangeSet {
  readonly #limit: number
  readonly #ids = new Set<ServiceCallId>()
  #omitted = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get isEmpty(): boolean {
    return this.#ids.size === 0 && this.#omitted === 0
  }

  add(callId: ServiceCallId): void {
    this.#ids.delete(callId)
    this.#ids.add(callId)
    if (this.#ids.size <= this.#limit) return
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest)
      break
    }
    this.#omitted += 1
  }

  addAll({ callIds, omitted }: ChangedCalls): void {
    for (const callId of callIds) this.add(callId)
    this.#omitted += omitted
  }

  /** What has changed since the last time. */
  take(): ChangedCalls {
    const taken = { callIds: [...this.#ids], omitted: this.#omitted }
    this.#ids.clear()
    this.#omitted = 0
    return taken
  }
}

/** Writer and watchers in one process. */
export const makeLocal = (): CallNotices => {
  const watched = new Map<TenantId, Set<(changed: ChangedCalls) => void>>()
  return {
    changed: (tenantId, callId) => {
      const listeners = watched.get(tenantId)
      if (listeners === undefined) return
      for (const heard of listeners) heard({ callIds: [callId], omitted: 0 })
    },
    watch: (tenantId, heard) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          const listeners = watched.get(tenantId) ?? new Set()
          watched.set(tenantId, listeners.add(heard))
        }),
        () =>
          Effect.sync(() => {
            const listeners = watched.get(tenantId)
            listeners?.delete(heard)
            if (listeners?.size === 0) watched.delete(tenantId)
          })
      )
  }
}

export const layerLocal: Layer.Layer<never> = Layer.sync(CallNotices, makeLocal)
