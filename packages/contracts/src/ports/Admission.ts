/** What may be asked of the world, looked at before it is accepted: requests of calls, and hosts that payloads are fetched from. */
import { Context, type Result } from "effect"
import type { ServiceCallId, TenantId } from "../Ids.ts"
import type { HttpMethod, Spec } from "../serviceCall/Spec.ts"
import type { WholeRequest } from "./Vaults.ts"

/** The request as the caller wrote it. */
export interface RawRequest extends WholeRequest {
  readonly method: HttpMethod
}

/** One thing about the request that is not allowed. */
export interface IntakeIssue {
  /** Where, below `request`: `url`, `headers.authorization`, `body`. */
  readonly field: string
  /** A stable snake_case word, e.g. `egress_denied`. */
  readonly code: string
  /** One sentence that says what to do. */
  readonly message: string
}

export interface AdmittedRequest {
  /** What the spec of its call says of it: what may be shown, and whether the rest is kept when the call fails, as its tenant wants. */
  readonly spec: Pick<Spec, "request" | "failedRequest">
  /** The whole request, encrypted and bound to tenant and call; null when what may be shown already says everything. */
  readonly sealed: string | null
}

export class RequestIntake extends Context.Service<
  RequestIntake,
  {
    /** Decides on the text alone: no lookup, no I/O. What only resolution can tell is found at execution. */
    readonly admit: (
      tenantId: TenantId,
      callId: ServiceCallId,
      request: RawRequest
    ) => Result.Result<AdmittedRequest, ReadonlyArray<IntakeIssue>>
  }
>()("@dueline/contracts/ports/RequestIntake") {}

/** Says where payloads may be fetched from: hosts that the installation names, and nothing inside it. */
export interface PayloadSourceIssue {
  /** A stable snake_case word, e.g. `payload_host_refused`. */
  readonly code: string
  /** One sentence that says what to do. */
  readonly message: string
}

export interface PayloadSource {
  /** As it is fetched. */
  readonly href: string
  /** As it may be kept and shown, without secrets. */
  readonly shown: string
}

export class PayloadSources extends Context.Service<
  PayloadSources,
  {
    /** Decides on the text alone: what only resolution can tell is found by the client that fetches. The tenant says what is not shown. */
    readonly check: (uri: string, tenantId: TenantId) => Result.Result<PayloadSource, PayloadSourceIssue>
  }
>()("@dueline/contracts/ports/PayloadSources") {}
