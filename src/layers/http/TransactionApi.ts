import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "@effect/platform"
import { Schema } from "effect"
import {
  Access,
  anyRequest,
  Authentication,
  badRequest,
  Conditional,
  limited,
  listOf,
  MediaTypes,
  missing,
  unavailable,
  withBody
} from "./Endpoint.ts"
import { problemsOf } from "./Problem.ts"
import { Summary } from "./SummaryResource.ts"
import { account, InstantFromText, TransactionQuery } from "./TransactionQuery.ts"
import { TransactionRequest } from "./TransactionRequest.ts"
import { DecidedTransaction, ProcessingTransaction, Timeline, TransactionResource } from "./TransactionResource.ts"

const PreferHeader = Schema.Struct({ prefer: Schema.optional(Schema.String) })
const byId = Schema.Struct({ id: Schema.String })

export const submitTransaction = HttpApiEndpoint.post("submitTransaction", "/v1/transactions")
  .setHeaders(Schema.Struct({ ...PreferHeader.fields, "idempotency-key": Schema.optional(Schema.String) }))
  .setPayload(TransactionRequest)
  .addSuccess(DecidedTransaction, { status: 201 })
  .addSuccess(ProcessingTransaction, { status: 202 })
  .addError(withBody.badBody)
  .addError(problemsOf("forbidden"))
  .addError(anyRequest)
  .addError(withBody.tooLarge)
  .addError(withBody.mediaType)
  .addError(problemsOf("invalid_request", "currency_not_supported", "card_number_in_text", "idempotency_key_reused"))
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "account")
  .annotate(OpenApi.Summary, "Submit a transaction")

export const findTransaction = HttpApiEndpoint.get("findTransaction", "/v1/transactions/:id")
  .setPath(byId)
  .setHeaders(Schema.Struct({ ...PreferHeader.fields, "if-none-match": Schema.optional(Schema.String) }))
  .addSuccess(TransactionResource)
  .addError(badRequest)
  .addError(missing)
  .addError(anyRequest)
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "both")
  .annotate(Conditional, true)
  .annotate(OpenApi.Summary, "Read a transaction, or wait for its decision")

export const readTimeline = HttpApiEndpoint.get("readTimeline", "/v1/transactions/:id/timeline")
  .setPath(byId)
  .addSuccess(Timeline)
  .addError(badRequest)
  .addError(missing)
  .addError(anyRequest)
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "both")
  .annotate(OpenApi.Summary, "Read every stage of a transaction with its instant")

export const listTransactions = HttpApiEndpoint.get("listTransactions", "/v1/transactions")
  .setUrlParams(TransactionQuery)
  .addSuccess(listOf("TransactionList", TransactionResource))
  .addError(problemsOf("bad_request", "invalid_header", "invalid_query", "unknown_cursor"))
  .addError(anyRequest)
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "both")
  .annotate(MediaTypes, ["application/json", "text/csv"])
  .annotate(OpenApi.Summary, "List transactions, newest first, or stream all that match as CSV")

export const streamEvents = HttpApiEndpoint.get("streamEvents", "/v1/transactions/events")
  .setUrlParams(Schema.Struct({ account, batch: Schema.optional(Schema.Literal("true", "false")) }))
  .setHeaders(Schema.Struct({ "last-event-id": Schema.optional(Schema.String) }))
  .addSuccess(HttpApiSchema.Text({ contentType: "text/event-stream" }))
  .addError(badRequest)
  .addError(anyRequest)
  .addError(problemsOf("rate_limited", "too_many_failures", "too_many_streams"))
  .addError(unavailable)
  .annotate(Access, "both")
  .annotate(MediaTypes, ["text/event-stream"])
  .annotate(OpenApi.Summary, "Hear of transactions as they are accepted and decided (server-sent events)")

export const readSummary = HttpApiEndpoint.get("readSummary", "/v1/summary")
  .setUrlParams(Schema.Struct({
    account,
    interval: Schema.optional(Schema.Literal("second", "minute")),
    since: Schema.optional(InstantFromText)
  }))
  .addSuccess(Summary)
  .addError(badRequest)
  .addError(anyRequest)
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "both")
  .annotate(OpenApi.Summary, "Count what happened in the last hour, by second or minute")

export const transactions = HttpApiGroup.make("transactions")
  .add(submitTransaction)
  .add(listTransactions)
  .add(streamEvents)
  .add(findTransaction)
  .add(readTimeline)
  .add(readSummary)
  .middleware(Authentication)
