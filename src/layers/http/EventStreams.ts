import { Context, Data, Deferred, Effect, Schedule } from "effect"
import type { ServerResponse } from "node:http"
import type { Principal } from "../../services/Authenticate.ts"
import { EventFeed, type FeedEvent, type Hearer } from "../../services/EventFeed.ts"
import type { StorageUnavailable } from "../../services/Failure.ts"
import { Metrics, type StreamEnd } from "../../services/Metrics.ts"
import type { Scope } from "../../services/SubmissionRepository.ts"
import type { StreamReply } from "./Reply.ts"
import { toResource, toTimestamp } from "./TransactionResource.ts"

export class StreamSettings extends Context.Reference<StreamSettings>()("gateway/StreamSettings", {
  defaultValue: () => ({
    /** Streams that are open at one time. */
    perAccount: 100,
    perProcess: 10_000,
    /** Bytes that may wait for a reader. */
    buffer: 1_000_000
  })
}) {}

/** There are as many streams as there may be: of this account, or of this process, which may also be about to end. */
export class NoPlace extends Data.TaggedError("NoPlace")<{ readonly of: "account" | "process" }> {}

export interface StreamRequest {
  readonly principal: Principal
  readonly scope: Scope
  /** The `Last-Event-ID` header; null without one. */
  readonly lastEventId: string | null
  readonly batch: boolean
  /** Names the credential; those of one name are checked again together. */
  readonly credential: string
  /** Reads anew whether the credential is still good. */
  readonly isStillAllowed: Effect.Effect<boolean, StorageUnavailable>
}

interface Stream {
  readonly number: number
  readonly request: StreamRequest
  readonly response: ServerResponse
  /** Since when it takes no more, in ms. */
  blockedSince: number | null
  /** Why it ended, or is about to; unless somebody says so, its client has gone. */
  reason: StreamEnd
  readonly end: (reason: StreamEnd) => void
}

const headers = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  // nginx would gather what is to be heard at once
  "x-accel-buffering": "no"
}

const retry = "retry: 2000\n\n"
const comment = ":\n\n"
/** Seconds between two comments on one stream. */
const commentInterval = 15
/** A reader that takes nothing for so long, in ms, is closed. */
const longestBlock = 30_000

/** An event as its reader sees it: the operator is told whose it is. */
export const toEventResource = ({ createdAt, id, submission, type }: FeedEvent, reader: Principal) => ({
  id,
  type,
  created_at: toTimestamp(createdAt),
  transaction: toResource(submission, reader)
})

const oneByOne = (events: ReadonlyArray<FeedEvent>, reader: Principal): string => {
  let text = ""
  for (const event of events) {
    text += `id: ${event.cursor}\nevent: ${event.type}\ndata: ${JSON.stringify(toEventResource(event, reader))}\n\n`
  }
  return text
}

const together = (events: ReadonlyArray<FeedEvent>, reader: Principal): string =>
  `id: ${events.at(-1)!.cursor}\nevent: batch\ndata: ${
    JSON.stringify(events.map((event) => toEventResource(event, reader)))
  }\n\n`

/** The bytes of events, made once for all streams that are given the same array and show it alike. */
const makeRendering = () => {
  const made = new Map<string, WeakMap<ReadonlyArray<FeedEvent>, Buffer>>()
  return ({ batch, principal }: StreamRequest) => {
    const kind = `${principal._tag} ${batch}`
    const known = made.get(kind) ?? new WeakMap<ReadonlyArray<FeedEvent>, Buffer>()
    made.set(kind, known)
    return (events: ReadonlyArray<FeedEvent>): Buffer => {
      const before = known.get(events)
      if (before !== undefined) return before
      const bytes = Buffer.from((batch ? together : oneByOne)(events, principal))
      known.set(events, bytes)
      return bytes
    }
  }
}

const drained = (response: ServerResponse) =>
  Effect.suspend(() =>
    response.writableNeedDrain
      ? Effect.async<void>((resume) => {
        const onDrain = () => resume(Effect.void)
        response.once("drain", onDrain)
        return Effect.sync(() => response.removeListener("drain", onDrain))
      })
      : Effect.void
  )

const ownerOf = (principal: Principal): string => principal._tag === "Account" ? principal.id : "operator"

/** Server-sent events (WHATWG HTML, 9.2) to those who listen to the event feed. */
export class EventStreams extends Effect.Service<EventStreams>()("gateway/EventStreams", {
  scoped: Effect.gen(function*() {
    const feed = yield* EventFeed
    const metrics = yield* Metrics
    const bounds = yield* StreamSettings
    const clock = yield* Effect.clock
    const renderingOf = makeRendering()
    const streams = new Set<Stream>()
    const openOf = new Map<string, number>()
    let opened = 0
    let seconds = 0
    let closed = false

    const count = (owner: string, by: 1 | -1) => {
      const left = (openOf.get(owner) ?? 0) + by
      if (left === 0) openOf.delete(owner)
      else openOf.set(owner, left)
      metrics.streams(streams.size)
    }

    const write = (stream: Stream, bytes: string | Uint8Array) => {
      const { response } = stream
      if (response.destroyed || response.writableEnded) return
      response.write(bytes)
      if (!response.writableNeedDrain) stream.blockedSince = null
      else stream.blockedSince ??= clock.unsafeCurrentTimeMillis()
      if (response.writableLength > bounds.buffer) stream.end("slow")
    }

    const enter = (request: StreamRequest, response: ServerResponse, ended: Deferred.Deferred<void>): Stream => {
      const stream: Stream = {
        number: opened++,
        request,
        response,
        blockedSince: null,
        reason: "client",
        end: (reason) => {
          stream.reason = reason
          Deferred.unsafeDone(ended, Effect.void)
          // what waits for it would hold up its end
          if (reason === "slow") response.destroy()
        }
      }
      streams.add(stream)
      count(ownerOf(request.principal), 1)
      if (closed) stream.end("shutdown")
      return stream
    }

    const leave = (stream: Stream) => {
      streams.delete(stream)
      count(ownerOf(stream.request.principal), -1)
      metrics.streamClosed(stream.reason)
    }

    const hearerOf = (stream: Stream): Hearer => {
      const { request, response } = stream
      const render = renderingOf(request)
      return {
        scope: request.scope,
        after: request.lastEventId === "" ? null : request.lastEventId,
        begin: (cursor) => write(stream, `id: ${cursor}\n\n`),
        reset: (cursor) => write(stream, `id: ${cursor}\nevent: reset\ndata: {}\n\n`),
        // kept by the client without an event: who hears of little is not reset for what others did meanwhile
        pass: (cursor) => write(stream, `id: ${cursor}\n\n`),
        hear: (events) => write(stream, render(events)),
        ready: drained(response)
      }
    }

    const serve = (request: StreamRequest) => (response: ServerResponse) =>
      Effect.flatMap(Deferred.make<void>(), (ended) =>
        Effect.acquireUseRelease(
          Effect.sync(() => enter(request, response, ended)),
          (stream) => {
            write(stream, retry)
            return Effect.raceFirst(Deferred.await(ended), feed.listen(hearerOf(stream)))
          },
          (stream) => Effect.sync(() => leave(stream))
        ))

    /** Each second: comments on a part of the streams, so that no two of them wait for all others. */
    const tend = Effect.sync(() => {
      seconds++
      const now = clock.unsafeCurrentTimeMillis()
      for (const stream of streams) {
        if (!stream.response.writableNeedDrain) stream.blockedSince = null
        if (stream.blockedSince !== null) {
          if (now - stream.blockedSince > longestBlock) stream.end("slow")
        } else if (stream.number % commentInterval === seconds % commentInterval) write(stream, comment)
      }
    })

    const recheck = Effect.suspend(() => {
      const ofCredential = new Map<string, Array<Stream>>()
      for (const stream of streams) {
        const others = ofCredential.get(stream.request.credential)
        if (others === undefined) ofCredential.set(stream.request.credential, [stream])
        else others.push(stream)
      }
      return Effect.forEach(
        ofCredential.values(),
        (all) =>
          all[0]!.request.isStillAllowed.pipe(
            Effect.timeoutTo({ duration: "5 seconds", onSuccess: (_) => _, onTimeout: () => true }),
            Effect.catchTag("StorageUnavailable", () => Effect.succeed(true)),
            Effect.map((isAllowed) => {
              if (!isAllowed) { for (const stream of all) stream.end("credential") }
            })
          ),
        { concurrency: 4, discard: true }
      )
    }).pipe(Effect.catchAllCause((cause) => Effect.logError("checking the credentials of streams failed", cause)))

    yield* Effect.forkScoped(Effect.repeat(tend, Schedule.spaced("1 second")))
    yield* Effect.forkScoped(Effect.repeat(recheck, Schedule.spaced("5 seconds")))

    return {
      open: (request: StreamRequest): Effect.Effect<StreamReply, NoPlace> =>
        Effect.suspend(() => {
          if (closed || streams.size >= bounds.perProcess) return new NoPlace({ of: "process" })
          if ((openOf.get(ownerOf(request.principal)) ?? 0) >= bounds.perAccount) return new NoPlace({ of: "account" })
          return Effect.succeed({ status: 200, headers, isIdle: true, stream: serve(request) })
        }),

      /** Ends every stream, so that its client goes elsewhere, and lets no new one begin. */
      close: Effect.sync(() => {
        closed = true
        for (const stream of streams) stream.end("shutdown")
      })
    } as const
  })
}) {}
