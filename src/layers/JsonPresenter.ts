import { Either, Layer, Option, ParseResult, Schema } from "effect"
import { CvvShape } from "../domain/Card.ts"
import { AccountId, TransactionId } from "../domain/Ids.ts"
import { Instant } from "../domain/Instant.ts"
import { Amount, Currency } from "../domain/Money.ts"
import { Decision } from "../domain/Transaction.ts"
import type { LogRecord } from "../services/Log.ts"
import { parkedReasons } from "../services/Metrics.ts"
import { Presenter, Unreadable } from "../services/Presenter.ts"
import { readTraceparent, traceHeader, type Traceparent } from "../services/Tracing.ts"

/** Every message says the version of its schema; a reader refuses one it does not know. */
const version = 1

const SubmissionJson = Schema.Struct({
  v: Schema.Literal(version),
  id: TransactionId,
  account: AccountId,
  amount: Amount,
  currency: Currency,
  accepted_at: Instant,
  cvv: CvvShape,
  card: Schema.String,
  give_up: Schema.optional(Schema.String)
})

const ResultJson = Schema.Struct({
  v: Schema.Literal(version),
  id: TransactionId,
  account: Schema.optional(AccountId),
  decision: Decision,
  decided_at: Instant,
  partition: Schema.Int,
  offset: Schema.Int,
  appended_at: Instant
})

const ParkedReasonHeader = Schema.Literal(...parkedReasons)

const isTransactionId = Schema.is(TransactionId)
const isAccountId = Schema.is(AccountId)
const isParkedReason = Schema.is(ParkedReasonHeader)

const noHeaders = {}

const toRecord = (key: string, message: unknown, trace: Traceparent | null = null): LogRecord => ({
  key,
  value: Buffer.from(JSON.stringify(message)),
  headers: trace === null ? noHeaders : { [traceHeader]: trace }
})

const parse = Schema.decodeUnknownEither(Schema.parseJson())

/** Not checked against a schema: for what is looked up by it in the database. */
const parseLoosely = Option.liftThrowable((value: Uint8Array) =>
  JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.length).toString("utf8")) as
    | { readonly account?: unknown }
    | null
)

/** What can still be told of a record that is not a message. */
const unreadable = (record: LogRecord, message: unknown) => {
  const named: unknown = typeof message === "object" && message !== null ? { ...message } : {}
  const { id, v } = named as { readonly id?: unknown; readonly v?: unknown }
  return new Unreadable({
    reason: typeof v === "number" && v !== version ? "unknown_schema_version" : "unreadable_message",
    id: isTransactionId(id) ? id : isTransactionId(record.key) ? record.key : null
  })
}

const reader = <A, I, B>(schema: Schema.Schema<A, I>, toDomain: (message: A) => B) => {
  const decode = ParseResult.decodeUnknownEither(schema)
  return (record: LogRecord): Either.Either<B, Unreadable> => {
    const json = parse(Buffer.from(record.value.buffer, record.value.byteOffset, record.value.length).toString("utf8"))
    if (Either.isLeft(json)) return Either.left(unreadable(record, null))
    return Either.mapBoth(decode(json.right), { onLeft: () => unreadable(record, json.right), onRight: toDomain })
  }
}

/** Messages as JSON; what surrounds them travels in headers. */
export const JsonPresenter = Layer.succeed(Presenter, {
  submission: (submission, trace) =>
    toRecord(
      submission.id,
      {
        v: version,
        id: submission.id,
        account: submission.accountId,
        amount: submission.amount,
        currency: submission.currency,
        accepted_at: submission.acceptedAt,
        cvv: submission.cvvShape,
        card: submission.sealedCard ?? "",
        ...(submission.giveUpToken === null ? {} : { give_up: submission.giveUpToken })
      } satisfies typeof SubmissionJson.Encoded,
      trace
    ),

  readSubmission: reader(SubmissionJson, (message) => ({
    id: message.id,
    accountId: message.account,
    amount: message.amount,
    currency: message.currency,
    acceptedAt: message.accepted_at,
    cvvShape: message.cvv,
    sealedCard: message.card,
    giveUpToken: message.give_up ?? null
  })),

  accountOf: ({ value }) => {
    const account = Option.map(parseLoosely(value), (_) => _?.account)
    return Option.getOrNull(Option.filter(account, isAccountId))
  },

  result: (transaction, trace) =>
    toRecord(
      transaction.id,
      {
        v: version,
        id: transaction.id,
        account: transaction.accountId,
        decision: transaction.decision,
        decided_at: transaction.decidedAt,
        partition: transaction.position.partition,
        offset: transaction.position.offset,
        appended_at: transaction.position.appendedAt
      } satisfies typeof ResultJson.Encoded,
      trace
    ),

  traceOf: ({ headers }) => readTraceparent(headers[traceHeader]),

  readResult: reader(ResultJson, ({ appended_at, decided_at, decision, id, offset, partition }) => ({
    id,
    decision,
    decidedAt: decided_at,
    position: { partition, offset, appendedAt: appended_at }
  })),

  parked: ({ headers, key, value }, { position, topic }, { id, reason }) => {
    // one that it came with speaks of something else
    const { parked_id: _, ...kept } = headers
    return {
      key,
      value,
      headers: {
        ...kept,
        parked_reason: reason,
        parked_from: `${topic}/${position.partition}/${position.offset}`,
        ...(id === null ? {} : { parked_id: id })
      }
    }
  },

  readParked: (record) => {
    const { parked_id: id, parked_reason: reason } = record.headers
    return isParkedReason(reason)
      ? Either.right({ id: isTransactionId(id) ? id : null, reason })
      : Either.left(unreadable(record, null))
  }
})
