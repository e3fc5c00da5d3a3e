/** What a service call's sealed request is bound to: whoever seals and whoever opens must say the same. */
import type { ServiceCallId, TenantId } from "@dueline/contracts/Ids"

export const sealContext = (tenantId: TenantId, callId: ServiceCallId): string => `service-call/${tenantId}/${callId}`
