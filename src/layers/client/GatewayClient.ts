import { HttpApiClient, HttpClientError, HttpClientRequest } from "@effect/platform"
import { Chunk, Clock, Context, Duration, Effect, Layer, Option, Redacted, Schema, Stream } from "effect"
import type { AccountId } from "../../domain/Ids.ts"
import { GatewayApi } from "../http/Api.ts"
import { TransactionQuery } from "../http/TransactionQuery.ts"
import type { TransactionRequest } from "../http/TransactionRequest.ts"
import type { TransactionResource } from "../http/TransactionResource.ts"
import { type EventOptions, streamEvents } from "./Events.ts"
import { filterParams, type Paging, pagingParams, type TransactionFilter, type When } from "./Filter.ts"
import { fromTransport, GatewayError, notAnId, timedOut } from "./GatewayError.ts"
import { type Promised, promised } from "./Promised.ts"
import { called, type ClientOptions, makeTransport } from "./Transport.ts"

/** Text that is hidden from logs, or will be. */
type Hidden = string | Redacted.Redacted

const hidden = (text: Hidden): Redacted.Redacted => typeof text === "string" ? Redacted.make(text) : text

export interface NewTransaction {
  /** Cents. */
  readonly amount: number
  readonly currency?: "USD"
  readonly card: {
    readonly number: Hidden
    readonly holder: Hidden
    readonly exp_month: number
    readonly exp_year: number
    readonly cvv: Hidden
  }
  readonly reference?: string
  readonly metadata?: Readonly<Record<string, string>>
}

const toPayload = ({ card, ...transaction }: NewTransaction): TransactionRequest => ({
  ...transaction,
  card: { ...card, number: hidden(card.number), holder: hidden(card.holder), cvv: hidden(card.cvv) }
})

export interface SubmitOptions {
  /** Names this one payment: the same key and request, again, make no other. One is made when none is given. */
  readonly idempotencyKey?: string
  /** How long to wait for the decision, 30 s at most; a number is milliseconds. */
  readonly wait?: Duration.DurationInput
}

/** What one account may change about itself, or the operator about another. */
export interface NewSecret {
  readonly scope?: "full" | "read_only"
  /** Seconds that the present full secret lives on. */
  readonly expire_current_in?: number
}

export interface SimulationChange {
  readonly decision_delay_ms?: number
  readonly redeliver?: boolean
  readonly log?: "up" | "down"
}

/** Seconds; the gateway waits no longer. */
const longestWait = 30

const preferring = (wait: Duration.DurationInput | undefined) =>
  wait === undefined ? {} : { prefer: `wait=${Math.min(longestWait, Math.ceil(Duration.toSeconds(wait)))}` }

/** Milliseconds within a CSV. */
const longestSilence = 60_000

/** One segment of a path: the platform writes it as it is, and `..` or a slash would lead somewhere else. */
const segment = /^[A-Za-z0-9_-]{1,64}$/

const byId = <A>(id: string, call: (path: { readonly id: string }) => Effect.Effect<A, unknown>) =>
  segment.test(id) ? called(call({ id })) : notAnId

const encodeQuery = Schema.encode(TransactionQuery)

interface Page<A> {
  readonly data: ReadonlyArray<A>
  readonly next: string | null
}

/** Every item of a list, page after page, as `next` leads: a page may be empty and not the last. */
const everyPage = <A, P extends Page<A>>(
  read: (after: string | undefined) => Effect.Effect<P & Page<A>, GatewayError>
): Stream.Stream<P["data"][number], GatewayError> =>
  Stream.paginateChunkEffect(undefined as string | undefined, (after) =>
    Effect.map(read(after), ({ data, next }) => [
      Chunk.fromIterable(data as ReadonlyArray<P["data"][number]>),
      Option.fromNullable(next)
    ]))

const makeClient = (options: ClientOptions) => {
  const transport = makeTransport(options)
  const api = Effect.runSync(HttpApiClient.makeWith(GatewayApi, { httpClient: transport.httpClient }))

  const find = (id: string, { wait }: { readonly wait?: Duration.DurationInput } = {}) =>
    byId(id, (path) => api.transactions.findTransaction({ path, headers: preferring(wait) }))

  const page = (filter: TransactionFilter = {}, paging: Paging = {}) =>
    called(api.transactions.listTransactions({ urlParams: { ...filterParams(filter), ...pagingParams(paging) } }))

  return {
    /** Repeated under one key until it is known what became of it, as far as `retry` goes. */
    submit: (transaction: NewTransaction, { idempotencyKey, wait }: SubmitOptions = {}) =>
      Effect.suspend(() => {
        const key = idempotencyKey ?? crypto.randomUUID()
        return called(api.transactions.submitTransaction({
          payload: toPayload(transaction),
          headers: { ...preferring(wait), "idempotency-key": key }
        })).pipe(
          Effect.mapError((error) => new GatewayError({ ...error, idempotencyKey: key }))
        )
      }),

    /** As it is now, or as it is after `wait` (30 s at most). */
    find,

    /** Null while what has this ETag is what there is. */
    findIfChanged: (id: string, etag: string | null) =>
      byId(id, (path) =>
        api.transactions.findTransaction({
          path,
          headers: etag === null ? {} : { "if-none-match": etag },
          withResponse: true
        }).pipe(
          Effect.map(([transaction, { headers }]) => ({ transaction, etag: headers["etag"] ?? null })),
          Effect.catchIf(
            (error) => error instanceof HttpClientError.ResponseError && error.response.status === 304,
            () => Effect.succeed(null)
          )
        )),

    /** Asks until it is decided; as it is after `within` (1 minute unless told otherwise) otherwise. */
    decided: (id: string, { within = "1 minute" }: { readonly within?: Duration.DurationInput } = {}) =>
      Effect.gen(function*() {
        const until = (yield* Clock.currentTimeMillis) + Duration.toMillis(within)
        for (;;) {
          const asked = yield* Clock.currentTimeMillis
          const left = Math.max(0, until - asked)
          const transaction: TransactionResource = yield* find(id, { wait: Math.min(left, longestWait * 1000) })
          const now = yield* Clock.currentTimeMillis
          if (transaction.status !== "processing" || now >= until) return transaction
          // a gateway that has no room for another wait answers at once
          if (now - asked < 1000) yield* Effect.sleep(1000)
        }
      }),

    timeline: (id: string) => byId(id, (path) => api.transactions.readTimeline({ path })),

    /** One page, newest first. */
    page,

    /** All that fit, newest first; a page is read when it is needed. */
    list: (filter: TransactionFilter = {}, { limit = 100 }: { readonly limit?: number } = {}) =>
      everyPage((after) => page(filter, { limit, ...(after === undefined ? {} : { startingAfter: after }) })),

    /** The same as CSV text. One that is cut fails: it is all or an error. */
    csv: (filter: TransactionFilter = {}): Stream.Stream<string, GatewayError> =>
      Stream.unwrap(Effect.map(
        called(Effect.flatMap(encodeQuery(filterParams(filter)), (query) =>
          transport.stream(
            HttpClientRequest.get("/v1/transactions").pipe(
              HttpClientRequest.setUrlParams(query),
              HttpClientRequest.setHeader("accept", "text/csv")
            )
          ))),
        (response) =>
          response.stream.pipe(
            Stream.mapError(fromTransport),
            Stream.timeoutFail(() => timedOut(longestSilence), longestSilence),
            Stream.decodeText()
          )
      )),

    /** What happens from now on, or from where `lastEventId` says; resumed by itself. */
    events: (options: EventOptions = {}) => streamEvents(transport, options),

    summary: (
      { account, interval, since }: {
        readonly interval?: "second" | "minute"
        readonly since?: When
        readonly account?: string
      } = {}
    ) =>
      called(api.transactions.readSummary({
        urlParams: {
          ...(account === undefined ? {} : { account: account as AccountId }),
          ...(interval === undefined ? {} : { interval }),
          ...(since === undefined ? {} : { since: new Date(since).getTime() })
        }
      })),

    account: {
      read: () => called(api.account.readAccount({})),
      createSecret: (secret: NewSecret = {}) => called(api.account.createSecret({ payload: secret })),
      deleteSecret: (id: string) => byId(id, (path) => api.account.deleteSecret({ path }))
    },

    /** For the operator's credential. */
    operator: {
      createAccount: (name: string) => called(api.operator.createAccount({ payload: { name } })),
      accounts: ({ limit = 100 }: { readonly limit?: number } = {}) =>
        everyPage((after) =>
          called(api.operator.listAccounts({
            urlParams: pagingParams({ limit, ...(after === undefined ? {} : { startingAfter: after }) })
          }))
        ),
      setDisabled: (id: string, disabled: boolean) =>
        byId(id, (path) => api.operator.changeAccount({ path, payload: { disabled } })),
      createSecret: (id: string, secret: NewSecret = {}) =>
        byId(id, (path) => api.operator.createAccountSecret({ path, payload: secret })),
      pipeline: () => called(api.operator.readPipeline({})),
      parked: ({ limit = 100 }: { readonly limit?: number } = {}) =>
        everyPage((after) =>
          called(api.operator.listParked({
            urlParams: pagingParams({ limit, ...(after === undefined ? {} : { startingAfter: after }) })
          }))
        ),
      replay: (id: string) => byId(id, (path) => api.operator.replayParked({ path })),
      giveUp: (id: string) => byId(id, (path) => api.operator.giveUpParked({ path })),
      audit: () => called(api.operator.readAudit({})),
      simulation: () => called(api.operator.readSimulation({})),
      simulate: (change: SimulationChange) => called(api.operator.changeSimulation({ payload: change }))
    }
  } as const
}

export type GatewayCalls = ReturnType<typeof makeClient>

/** A client of one account, or of the operator. Nothing is sent before something is called. */
export class GatewayClient extends Context.Tag("gateway/GatewayClient")<GatewayClient, GatewayCalls>() {
  static readonly make = makeClient

  static readonly layer = (options: ClientOptions) => Layer.sync(GatewayClient, () => makeClient(options))

  /** The same for `await` and `for await`; what fails is thrown, as a `GatewayError`. */
  static readonly promise = (options: ClientOptions): Promised<GatewayCalls> => promised(makeClient(options))
}
