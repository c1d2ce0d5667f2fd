export type { GatewayEvent, Reset, TransactionEvent } from "./layers/client/Events.ts"
export type { TransactionFilter } from "./layers/client/Filter.ts"
export {
  type GatewayCalls,
  GatewayClient,
  type NewTransaction,
  type SubmitOptions
} from "./layers/client/GatewayClient.ts"
export { GatewayError, type GatewayErrorCode } from "./layers/client/GatewayError.ts"
export type { RetryOptions } from "./layers/client/Retry.ts"
export type { ClientOptions } from "./layers/client/Transport.ts"
export type { TransactionResource as Transaction } from "./layers/http/TransactionResource.ts"
