import { Effect } from "effect"
import type { ServerResponse } from "node:http"
import type { TransactionId } from "../../domain/Ids.ts"
import { innermost, type StorageUnavailable } from "../../services/Failure.ts"
import type { Listed, StoredSubmission } from "../../services/SubmissionRepository.ts"
import { unavailable } from "./Problem.ts"
import type { StreamReply } from "./Reply.ts"
import { toTimestamp } from "./TransactionResource.ts"

const columns = [
  "id",
  "status",
  "amount",
  "currency",
  "brand",
  "bin",
  "last4",
  "exp_month",
  "exp_year",
  "fingerprint",
  "error_code",
  "reference",
  "created_at",
  "decided_at"
]

/** A spreadsheet takes a cell that begins so for a formula (OWASP, CSV injection). */
// oxlint-disable-next-line no-control-regex
const formula = /^[=+\-@\u0000-\u001f]/

/** RFC 4180. */
const cell = (value: string | number | null): string => {
  if (value === null) return ""
  const text = String(value)
  const guarded = formula.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll("\"", "\"\"")}"` : guarded
}

const lineOf = (cells: ReadonlyArray<string | number | null>) => `${cells.map(cell).join(",")}\r\n`

const toLine = ({ acceptedAt, amount, card, currency, id, recorded, reference }: StoredSubmission) =>
  lineOf([
    id,
    recorded?.decision.status ?? "processing",
    amount,
    currency,
    card.brand,
    card.bin,
    card.last4,
    card.expMonth,
    card.expYear,
    card.fingerprint,
    recorded?.decision.reason ?? null,
    reference,
    toTimestamp(acceptedAt),
    recorded === null ? null : toTimestamp(recorded.decidedAt)
  ])

/** Rows read at a time. */
const pageSize = 200

/** Waits until the client has taken what was written; a client that goes away interrupts it. */
const write = (response: ServerResponse, text: string) =>
  Effect.async<void>((resume) => {
    if (response.write(text)) return resume(Effect.void)
    const drained = () => resume(Effect.void)
    response.once("drain", drained)
    return Effect.sync(() => response.removeListener("drain", drained))
  })

/** All that `list` has, page after page, as fast as the client reads. What fails in the middle cuts the connection. */
export const writeCsv = Effect.fnUntraced(function*(
  list: (
    after: TransactionId | null,
    limit: number
  ) => Effect.Effect<Listed<StoredSubmission>, StorageUnavailable>
) {
  const first = yield* Effect.mapError(list(null, pageSize), unavailable)

  const writePages = Effect.fnUntraced(function*(response: ServerResponse) {
    let page: Listed<StoredSubmission> = first
    let head = lineOf(columns)
    for (;;) {
      yield* write(response, head + page.found.map(toLine).join(""))
      if (page.next === null) return
      head = ""
      // others come in between
      yield* Effect.sleep(0)
      page = yield* list(page.next, pageSize)
    }
  })

  return {
    status: 200,
    headers: {
      "content-type": "text/csv; charset=utf-8; header=present",
      "content-disposition": "attachment; filename=\"transactions.csv\""
    },
    isIdle: false,
    stream: (response) =>
      Effect.catchAll(writePages(response), (error) =>
        Effect.zipRight(
          Effect.logWarning("a CSV was cut", innermost(error)),
          Effect.sync(() => void response.destroy())
        ))
  } satisfies StreamReply
})
