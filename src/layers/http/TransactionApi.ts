import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "@effect/platform"
import { Schema } from "effect"
import {
  Access,
  answered,
  anyRequest,
  Authentication,
  badRequest,
  Conditional,
  idOf,
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

/** A header as text: what it holds is read by the server, beside the contract. */
const header = (documentation: Readonly<Record<string, unknown>>) =>
  Schema.optional(Schema.String.annotations({ jsonSchema: { type: "string", ...documentation } }))

const prefer = header({
  description: "`wait=N` (RFC 7240): answer when the transaction is decided, after N seconds at most (30 at most). " +
    "Any other preference, and one that is malformed, is ignored.",
  examples: ["wait=10"]
})
const idempotencyKey = header({
  description:
    "1 to 255 visible ASCII characters, quoted or bare. The same key with the same body is answered with the " +
    "same transaction, for as long as there is that transaction; with another body it is answered 422.",
  // the quotes of a quoted key are not a part of it
  pattern: "^(?!\"\"$)(?:[!-~]{1,255}|\"[!-~]{1,255}\")$",
  examples: ["order-1042-attempt-1"]
})
const ifNoneMatch = header({
  description: "Entity tags (RFC 9110, 13.1.2): an answer that has one of them is 304, without a body.",
  examples: ["\"9Zt1cQWvB0m5p2XyL7aKdA\""]
})
const lastEventId = header({
  description: "The id of the last event that was heard: the stream goes on after it, without a gap. One that is not " +
    "known is answered by the event `reset`."
})
const byId = idOf("TransactionId", "The transaction's id")

export const submitTransaction = HttpApiEndpoint.post("submitTransaction", "/v1/transactions")
  .setHeaders(Schema.Struct({ prefer, "idempotency-key": idempotencyKey }))
  .setPayload(TransactionRequest)
  .addSuccess(answered(201, "DecidedTransaction", DecidedTransaction))
  .addSuccess(answered(202, "ProcessingTransaction", ProcessingTransaction))
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
  .annotate(
    OpenApi.Description,
    "The transaction is on disk when this is answered, and it will be decided once: 202 while that is not known, 201 " +
      "when it is (with `Prefer: wait=N`, or for a key that was used before). A card that the rules refuse makes a " +
      "rejected transaction, which is a success here; only a malformed request is 4xx. Send an `Idempotency-Key`, and " +
      "repeat the request unchanged when no answer comes, or 503."
  )

export const findTransaction = HttpApiEndpoint.get("findTransaction", "/v1/transactions/:id")
  .setPath(byId)
  .setHeaders(Schema.Struct({ prefer, "if-none-match": ifNoneMatch }))
  .addSuccess(TransactionResource)
  .addError(badRequest)
  .addError(missing)
  .addError(anyRequest)
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "both")
  .annotate(Conditional, true)
  .annotate(OpenApi.Summary, "Read a transaction, or wait for its decision")
  .annotate(
    OpenApi.Description,
    "With `Prefer: wait=N` it is a long poll: it is answered as soon as the transaction is decided. The entity tag " +
      "changes with the transaction, and never after its decision."
  )

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
  .annotate(
    OpenApi.Description,
    "A transaction is accepted, appended to the log, decided and recorded, in this order. Where it was appended is " +
      "known with its decision."
  )

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
  .annotate(
    OpenApi.Description,
    "All filters that are given have to fit. A page may be empty where there are more to come: `next` says where the " +
      "next one begins. As `text/csv` all that match are told, whatever `limit` says; cells that a spreadsheet would " +
      "take for a formula have a leading apostrophe."
  )

export const streamEvents = HttpApiEndpoint.get("streamEvents", "/v1/transactions/events")
  .setUrlParams(Schema.Struct({
    account,
    batch: Schema.optional(
      Schema.Literal("true", "false").annotations({
        description: "Whether events come in arrays, every 50 to 100 ms, as the event `batch`."
      })
    )
  }))
  .setHeaders(Schema.Struct({ "last-event-id": lastEventId }))
  .addSuccess(HttpApiSchema.Text({ contentType: "text/event-stream" }))
  .addError(badRequest)
  .addError(anyRequest)
  .addError(problemsOf("rate_limited", "too_many_failures", "too_many_streams"))
  .addError(unavailable)
  .annotate(Access, "both")
  .annotate(MediaTypes, ["text/event-stream"])
  .annotate(OpenApi.Summary, "Hear of transactions as they are accepted and decided (server-sent events)")
  .annotate(
    OpenApi.Description,
    "The types are `transaction.accepted`, `transaction.approved` and `transaction.rejected`; the data is one line of " +
      "JSON, `{id, type, created_at, transaction}`. The `id:` lines are cursors for `Last-Event-ID`; an event's own " +
      "identity is the `id` in its data, which is the same when it comes again. After the event `reset` read the list " +
      "again. A comment comes every 15 seconds; a reader that is too slow is cut off, and resumes."
  )

export const readSummary = HttpApiEndpoint.get("readSummary", "/v1/summary")
  .setUrlParams(Schema.Struct({
    account,
    interval: Schema.optional(
      Schema.Literal("second", "minute").annotations({
        description: "How long a bucket is: a minute, unless it is asked for."
      })
    ),
    since: Schema.optional(InstantFromText.annotations({
      description: "The first instant that is counted (RFC 3339): an hour ago at most, and unless it is asked for; " +
        "with `interval=second` a minute ago."
    }))
  }))
  .addSuccess(Summary)
  .addError(badRequest)
  .addError(anyRequest)
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "both")
  .annotate(OpenApi.Summary, "Count what happened in the last hour, by second or minute")
  .annotate(
    OpenApi.Description,
    "All buckets from the one that holds `since` to the present one, the empty ones too."
  )

export const transactions = HttpApiGroup.make("transactions")
  .add(submitTransaction)
  .add(listTransactions)
  .add(streamEvents)
  .add(findTransaction)
  .add(readTimeline)
  .add(readSummary)
  .middleware(Authentication)
  .annotate(OpenApi.Description, "Card payments: submit them, and hear what became of them")
