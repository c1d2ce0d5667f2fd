import type { AccountResource, CreatedAccount, CreatedSecret } from "../../src/layers/http/AccountResource.ts"
import type { AuditResource } from "../../src/layers/http/AuditResource.ts"
import type { Parked as ParkedSchema, Pipeline as PipelineSchema } from "../../src/layers/http/OperatorResource.ts"
import type { SimulationResource } from "../../src/layers/http/OperatorResource.ts"
import type { Session as SessionSchema } from "../../src/layers/http/SessionApi.ts"
import type { Summary as SummarySchema } from "../../src/layers/http/SummaryResource.ts"
import type { Timeline as TimelineSchema, TransactionResource } from "../../src/layers/http/TransactionResource.ts"

// The contract says what the answers are; only its types come here, nothing of it is in the page's script.

export type Transaction = typeof TransactionResource.Encoded
export type Status = Transaction["status"]
export type RejectionReason = NonNullable<Transaction["error"]>["code"]
export type Timeline = typeof TimelineSchema.Encoded
export type Stage = Timeline["stages"][number]["stage"]
export type Summary = typeof SummarySchema.Encoded
export type Bucket = Summary["data"][number]
export type Session = typeof SessionSchema.Encoded
export type Pipeline = typeof PipelineSchema.Encoded
export type Parked = typeof ParkedSchema.Encoded
export type Simulation = typeof SimulationResource.Encoded
export type Audit = typeof AuditResource.Encoded
export type Account = typeof AccountResource.Encoded
export type AccountWithSecret = typeof CreatedAccount.Encoded
export type NewSecret = typeof CreatedSecret.Encoded

export interface List<A> {
  readonly object: "list"
  readonly data: ReadonlyArray<A>
  readonly has_more: boolean
  readonly next: string | null
  readonly url: string
}

/** One event of the stream (http-api: Events). */
export interface TransactionEvent {
  readonly id: string
  readonly type: "transaction.accepted" | "transaction.approved" | "transaction.rejected"
  readonly created_at: string
  readonly transaction: Transaction
}
