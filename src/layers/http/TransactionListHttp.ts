import { Clock, Duration, Effect, Schema } from "effect"
import { TransactionId } from "../../domain/Ids.ts"
import { type SubmissionFilter, SubmissionRepository } from "../../services/SubmissionRepository.ts"
import { Summarize } from "../../services/Summarize.ts"
import { writeCsv } from "./Csv.ts"
import { cursorOf, limitOf, toList } from "./Paging.ts"
import { Problem, unavailable } from "./Problem.ts"
import type { Handlers } from "./Reply.ts"
import { narrowedScope } from "./Scopes.ts"
import { toSummary } from "./SummaryResource.ts"
import type { TransactionQuery } from "./TransactionQuery.ts"
import { toResource } from "./TransactionResource.ts"

const isTransactionId = Schema.is(TransactionId)

const csvGoesOneWay = new Problem({
  name: "invalid_query",
  detail: "CSV is read from the newest on: use starting_after."
})

const toFilter = (query: TransactionQuery): SubmissionFilter => ({
  ...(query.status === undefined ? {} : { status: query.status }),
  ...(query["created[gte]"] === undefined ? {} : { acceptedFrom: query["created[gte]"] }),
  ...(query["created[lt]"] === undefined ? {} : { acceptedBefore: query["created[lt]"] }),
  ...(query["amount[gte]"] === undefined ? {} : { leastAmount: query["amount[gte]"] }),
  ...(query["amount[lte]"] === undefined ? {} : { mostAmount: query["amount[lte]"] }),
  ...(query.last4 === undefined ? {} : { last4: query.last4 }),
  ...(query.brand === undefined ? {} : { brand: query.brand }),
  ...(query.reference === undefined ? {} : { reference: query.reference })
})

/** What is told when nothing else is asked for. */
const defaultSpan = { minute: Duration.toMillis("1 hour"), second: Duration.toMillis("1 minute") }

export const transactionListHandlers = Effect.gen(function*() {
  const submissions = yield* SubmissionRepository
  const { summarize } = yield* Summarize

  const listTransactions: Handlers["listTransactions"] = Effect.fnUntraced(
    function*({ mediaType, principal, query }) {
      const scope = yield* narrowedScope(principal, query.account)
      const filter = toFilter(query)
      const cursor = yield* cursorOf(query, isTransactionId, (id) => submissions.find(id, scope))
      if (mediaType === "text/csv") {
        if (cursor !== null && "before" in cursor) return yield* csvGoesOneWay
        return yield* writeCsv((after, limit) =>
          submissions.list({ scope, filter, limit, cursor: after === null ? cursor : { after } })
        )
      }
      const listed = yield* Effect.mapError(
        submissions.list({ scope, filter, limit: limitOf(query), cursor }),
        unavailable
      )
      return { status: 200, body: toList(listed, "/v1/transactions", (_) => toResource(_, principal)) }
    }
  )

  const readSummary: Handlers["readSummary"] = Effect.fnUntraced(function*({ principal, query }) {
    const scope = yield* narrowedScope(principal, query.account)
    const interval = query.interval ?? "minute"
    const since = query.since ?? (yield* Clock.currentTimeMillis) - defaultSpan[interval]
    const buckets = yield* Effect.mapError(summarize(scope, interval, since), unavailable)
    return { status: 200, body: toSummary(buckets) }
  })

  return { listTransactions, readSummary } as const
})
