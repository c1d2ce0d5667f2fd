import { Effect, Option } from "effect"
import type { StorageUnavailable } from "../../services/Failure.ts"
import type { Listed } from "../../services/SubmissionRepository.ts"
import { Problem, unavailable } from "./Problem.ts"

export type Cursor<Id> = { readonly after: Id } | { readonly before: Id } | null

export interface PageQuery {
  readonly limit?: number | undefined
  readonly starting_after?: string | undefined
  readonly ending_before?: string | undefined
}

const unknownCursor = new Problem({ name: "unknown_cursor", detail: "There is nothing of that id to page from." })
const twoCursors = new Problem({
  name: "invalid_query",
  detail: "starting_after and ending_before cannot be given together."
})

const defaultLimit = 10

export const limitOf = ({ limit = defaultLimit }: PageQuery): number => limit

/** The cursor of a query; one that is unknown, or somebody else's, is told by `isKnown`. */
export const cursorOf = Effect.fnUntraced(function*<Id extends string>(
  { ending_before: before, starting_after: after }: PageQuery,
  isId: (text: unknown) => text is Id,
  find: (id: Id) => Effect.Effect<Option.Option<unknown>, StorageUnavailable>
) {
  if (after !== undefined && before !== undefined) return yield* twoCursors
  const id = after ?? before
  if (id === undefined) return null
  if (!isId(id) || Option.isNone(yield* Effect.mapError(find(id), unavailable))) return yield* unknownCursor
  return (after === undefined ? { before: id } : { after: id }) as Cursor<Id>
})

export const toList = <A, B>({ found, next }: Listed<A, string>, url: string, toItem: (item: A) => B) => ({
  object: "list" as const,
  data: found.map(toItem),
  has_more: next !== null,
  next,
  url
})
