import { HttpClientRequest } from "@effect/platform"
import { Chunk, Effect, Either, Schema, Stream } from "effect"
import { EventId } from "../../domain/Ids.ts"
import { Timestamp, TransactionResource } from "../http/TransactionResource.ts"
import { makeEventParser, type Message } from "./EventParser.ts"
import { fromSchema, fromTransport, GatewayError, streamEnded, timedOut } from "./GatewayError.ts"
import { backOff } from "./Retry.ts"
import type { Transport } from "./Transport.ts"

const fields = {
  id: EventId,
  created_at: Timestamp,
  transaction: TransactionResource
}
const eventTypes = ["transaction.accepted", "transaction.approved", "transaction.rejected"] as const

const EventResource = Schema.Struct({ ...fields, type: Schema.Literal(...eventTypes) })
const decodeEvent = Schema.decodeUnknownEither(Schema.parseJson(EventResource))
const decodeBatch = Schema.decodeUnknownEither(Schema.parseJson(Schema.Array(EventResource)))

/** What happened to a transaction; its `id` is its identity. */
export type TransactionEvent = typeof EventResource.Type & {
  /** Give it as `lastEventId`, and what comes after this event is told. Empty until the gateway says where it is. */
  readonly cursor: string
}

/** The gateway cannot tell what came after the cursor: read the list again. */
export interface Reset {
  readonly type: "reset"
  readonly cursor: string
}

export type GatewayEvent = TransactionEvent | Reset

export interface EventOptions {
  /** The `cursor` of the last event that was dealt with; without it, the stream begins now. */
  readonly lastEventId?: string
  /** Told in bundles every 50 to 100 ms: less work on both sides under load. They come out one by one all the same. */
  readonly batch?: boolean
  /** Only the operator hears of other accounts, and may choose one. */
  readonly account?: string
}

/** A comment comes every 15 s: after this many milliseconds of silence nobody is there. */
const silence = 40_000
/** Milliseconds, where the stream names none. */
const defaultRetry = 2000
const longestRetry = 30_000
/** Ids of events that are remembered, so that a resume tells none twice. */
const remembered = 10_000

const makeMemory = () => {
  const ids = new Set<string>()
  return {
    isNew: (id: string): boolean => {
      if (ids.has(id)) return false
      if (ids.size >= remembered) ids.delete(ids.values().next().value!)
      ids.add(id)
      return true
    }
  }
}

const isKnown = (name: string): boolean => (eventTypes as ReadonlyArray<string>).includes(name)

/** The events of a message, none of one that is not known, each with what to resume after. */
const eventsOf = (
  { data, event, lastEventId }: Message,
  before: string
): Either.Either<ReadonlyArray<GatewayEvent>, GatewayError> => {
  const refused = Either.mapLeft((_: Parameters<typeof fromSchema>[0]) =>
    fromSchema(_, { status: 200, requestId: null })
  )
  if (event === "reset") return Either.right([{ type: "reset", cursor: lastEventId }])
  if (event === "batch") {
    return refused(Either.map(decodeBatch(data), (events) =>
      // to resume in the middle of a bundle is to begin it again
      events.map((_, index) => ({ ..._, cursor: index === events.length - 1 ? lastEventId : before }))))
  }
  if (!isKnown(event)) return Either.right([])
  return refused(Either.map(decodeEvent(data), (_) => [{ ..._, cursor: lastEventId }]))
}

/**
 * Events as they come, over as many connections as it takes: every cut is resumed where it was, after a wait that grows
 * while nobody answers. It ends only with an answer that will not change, or when the gateway cannot be reached at first.
 */
export const streamEvents = (
  { open, policy }: Transport,
  { account, batch = false, lastEventId = "" }: EventOptions
): Stream.Stream<GatewayEvent, GatewayError> =>
  Stream.suspend(() => {
    const memory = makeMemory()
    let cursor = lastEventId
    let retry = defaultRetry
    let failures = 0
    let wasConnected = false

    const request = () =>
      HttpClientRequest.get("/v1/transactions/events").pipe(
        HttpClientRequest.setUrlParams({
          ...(batch ? { batch: "true" } : {}),
          ...(account === undefined ? {} : { account })
        }),
        HttpClientRequest.setHeaders({
          accept: "text/event-stream",
          ...(cursor === "" ? {} : { "last-event-id": cursor })
        })
      )

    const connection = Effect.map(Effect.suspend(() => open(request())), (response) => {
      const parser = makeEventParser(cursor)
      wasConnected = true
      return response.stream.pipe(
        Stream.mapError(fromTransport),
        Stream.timeoutFail(() => timedOut(silence), silence),
        Stream.mapEffect((bytes) => {
          failures = 0
          const told: Array<GatewayEvent> = []
          for (const message of parser.push(bytes)) {
            const events = eventsOf(message, cursor)
            if (Either.isLeft(events)) return events.left
            cursor = message.lastEventId
            told.push(...events.right.filter((_) => _.type === "reset" || memory.isNew(_.id)))
          }
          cursor = parser.lastEventId()
          retry = parser.retry() ?? retry
          return Effect.succeed(Chunk.unsafeFromArray(told))
        }),
        Stream.flattenChunks
      )
    })

    const mayReconnect = ({ retryable }: GatewayError) => retryable && (wasConnected || failures < policy.attempts)

    const connections: Stream.Stream<GatewayEvent, GatewayError> = Stream.unwrap(connection).pipe(
      Stream.concat(Stream.fail(streamEnded)),
      Stream.catchAll((error) => {
        failures++
        return mayReconnect(error)
          ? Stream.unwrap(
            backOff({ first: wasConnected ? retry : policy.first, longest: longestRetry }, failures, error.retryAfter)
              .pipe(
                Effect.flatMap(Effect.sleep),
                Effect.as(connections)
              )
          )
          : Stream.fail(error)
      })
    )
    return connections
  })
