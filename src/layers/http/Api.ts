import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiMiddleware, HttpApiSecurity, OpenApi } from "@effect/platform"
import { Context, Redacted, Schema } from "effect"
import { Account, AccountName } from "../../domain/Account.ts"
import { containsCardNumber } from "../../domain/CardNumberInText.ts"
import { AccountId, TransactionId } from "../../domain/Ids.ts"
import { Amount } from "../../domain/Money.ts"
import { Metadata, Reference } from "../../domain/Submission.ts"
import { boundedText } from "../../domain/Text.ts"
import { AuditResource } from "./AuditResource.ts"
import { FieldErrorCode } from "./FieldErrors.ts"
import { withoutDecodeError } from "./OpenApiAnswers.ts"
import { problemsOf } from "./Problem.ts"
import {
  DecidedTransaction,
  ProcessingTransaction,
  Timeline,
  Timestamp,
  TransactionResource
} from "./TransactionResource.ts"

/** Who may call an endpoint. */
export class Access extends Context.Tag("gateway/Access")<Access, "account" | "operator" | "both">() {}

/** RFC 7617. The server checks it, before anything of the request is decoded. */
export class Authentication extends HttpApiMiddleware.Tag<Authentication>()("gateway/Authentication", {
  failure: problemsOf("unauthenticated"),
  security: { basic: HttpApiSecurity.basic }
}) {}

/** Unknown members are refused and all errors are told at once. */
const strict = { parseOptions: { onExcessProperty: "error", errors: "all" } } as const

/** A card number belongs in `card.number`, where it is sealed, and nowhere else. */
const withoutCardNumber = <A, I>(texts: (value: A) => ReadonlyArray<string>) => (self: Schema.Schema<A, I>) =>
  self.pipe(
    Schema.filter((value) => !texts(value).some(containsCardNumber)),
    Schema.annotations({ [FieldErrorCode]: "card_number_in_text" })
  )
const withoutCardNumberInText = withoutCardNumber<string, string>((text) => [text])

const RedactedText = Schema.declare((input): input is Redacted.Redacted => Redacted.isRedacted(input))

/** `Schema.Redacted` validates the text a second time once it is hidden: 1.2 µs for each, on the hot route. */
const redacted = (text: Schema.Schema<string>) =>
  Schema.transform(text, RedactedText, { strict: true, decode: (_) => Redacted.make(_), encode: Redacted.value })

const cardText = (minimum: number, maximum: number) =>
  redacted(boundedText(minimum, maximum)).annotations({ description: `text of ${minimum} to ${maximum} characters` })

export const TransactionRequest = Schema.Struct({
  amount: Amount.annotations({ description: "an integer number of cents" }),
  currency: Schema.optional(Schema.Literal("USD").annotations({ description: "USD" })),
  card: Schema.Struct({
    number: cardText(0, 64),
    holder: redacted(boundedText(1, 255).pipe(withoutCardNumberInText)).annotations({
      description: "text of 1 to 255 characters"
    }),
    exp_month: Schema.Int.pipe(Schema.between(0, 99)).annotations({ description: "an integer from 0 to 99" }),
    exp_year: Schema.Int.pipe(Schema.between(0, 9999)).annotations({ description: "an integer from 0 to 9999" }),
    cvv: cardText(0, 16)
  }).annotations({ description: "an object" }),
  reference: Schema.optional(
    Reference.annotations({ description: "text of at most 255 characters" }).pipe(withoutCardNumberInText)
  ),
  metadata: Schema.optional(Metadata.pipe(withoutCardNumber((_) => Object.entries(_).flat())))
}).annotations({ identifier: "TransactionRequest", description: "an object", ...strict })
export type TransactionRequest = typeof TransactionRequest.Type

const PreferHeader = Schema.Struct({ prefer: Schema.optional(Schema.String) })

const anyRequest = problemsOf("not_acceptable")
const badRequest = problemsOf("bad_request", "invalid_header", "invalid_query")
const unavailable = problemsOf("unavailable", "shutting_down")
const withBody = {
  badBody: problemsOf("bad_request", "invalid_header", "invalid_query", "invalid_json", "duplicate_key"),
  tooLarge: problemsOf("payload_too_large"),
  mediaType: problemsOf("unsupported_media_type")
}

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
  .addError(unavailable)
  .annotate(Access, "account")
  .annotate(OpenApi.Summary, "Submit a transaction")

export const findTransaction = HttpApiEndpoint.get("findTransaction", "/v1/transactions/:id")
  .setPath(Schema.Struct({ id: Schema.String }))
  .setHeaders(PreferHeader)
  .addSuccess(TransactionResource)
  .addError(badRequest)
  .addError(problemsOf("resource_missing"))
  .addError(anyRequest)
  .addError(unavailable)
  .annotate(Access, "both")
  .annotate(OpenApi.Summary, "Read a transaction, or wait for its decision")

export const readTimeline = HttpApiEndpoint.get("readTimeline", "/v1/transactions/:id/timeline")
  .setPath(Schema.Struct({ id: Schema.String }))
  .addSuccess(Timeline)
  .addError(badRequest)
  .addError(problemsOf("resource_missing"))
  .addError(anyRequest)
  .addError(unavailable)
  .annotate(Access, "both")
  .annotate(OpenApi.Summary, "Read every stage of a transaction with its instant")

export const ListQuery = Schema.Struct({
  limit: Schema.optional(
    Schema.String.pipe(
      Schema.pattern(/^[1-9]\d{0,2}$/),
      Schema.compose(Schema.NumberFromString),
      Schema.between(1, 100)
    )
  ),
  /** An id; any other text is a cursor that is not known. */
  starting_after: Schema.optional(Schema.String),
  ending_before: Schema.optional(Schema.String),
  account: Schema.optional(AccountId)
})

export const listTransactions = HttpApiEndpoint.get("listTransactions", "/v1/transactions")
  .setUrlParams(ListQuery)
  .addSuccess(
    Schema.Struct({
      object: Schema.Literal("list"),
      data: Schema.Array(TransactionResource),
      has_more: Schema.Boolean,
      /** What to give as `starting_after` (or `ending_before`) for the next page. */
      next: Schema.NullOr(TransactionId),
      url: Schema.String
    }).annotations({ identifier: "TransactionList" })
  )
  .addError(problemsOf("bad_request", "invalid_header", "invalid_query", "unknown_cursor"))
  .addError(anyRequest)
  .addError(unavailable)
  .annotate(Access, "both")
  .annotate(OpenApi.Summary, "List transactions, newest first")

export const createAccount = HttpApiEndpoint.post("createAccount", "/v1/accounts")
  .setPayload(
    Schema.Struct({ name: AccountName.annotations({ description: "text of 1 to 255 characters" }) })
      .annotations({ identifier: "AccountRequest", description: "an object", ...strict })
  )
  .addSuccess(
    Schema.Struct({
      id: Account.fields.id,
      object: Schema.Literal("account"),
      name: Account.fields.name,
      /** Told here and never again. */
      secret: Schema.String,
      created_at: Timestamp,
      disabled_at: Schema.NullOr(Timestamp)
    }).annotations({ identifier: "CreatedAccount" }),
    { status: 201 }
  )
  .addError(withBody.badBody)
  .addError(problemsOf("forbidden"))
  .addError(anyRequest)
  .addError(withBody.tooLarge)
  .addError(withBody.mediaType)
  .addError(problemsOf("invalid_request"))
  .addError(unavailable)
  .annotate(Access, "operator")
  .annotate(OpenApi.Summary, "Create an account")

export const readAudit = HttpApiEndpoint.get("readAudit", "/v1/operator/audit")
  .addSuccess(AuditResource)
  .addError(badRequest)
  .addError(problemsOf("forbidden"))
  .addError(anyRequest)
  .addError(unavailable)
  .annotate(Access, "operator")
  .annotate(OpenApi.Summary, "Count what was accepted and what became of it")

/** The contract: the server, OpenAPI, the documentation page and the typed client are made from this one. */
export class GatewayApi extends HttpApi.make("gateway")
  .add(
    HttpApiGroup.make("transactions")
      .add(submitTransaction)
      .add(findTransaction)
      .add(readTimeline)
      .add(listTransactions)
      .middleware(Authentication)
  )
  .add(HttpApiGroup.make("operator").add(createAccount).add(readAudit).middleware(Authentication))
  .addError(problemsOf("internal_error"))
  .annotate(OpenApi.Title, "Payment gateway")
  .annotate(OpenApi.Version, "1")
  .annotate(OpenApi.Transform, withoutDecodeError)
{}
