import type { Listed } from "../../services/SubmissionRepository.ts"

/** Whether a page goes towards newer ids: its rows then come oldest first. */
export const isUpwards = (cursor: { readonly after: unknown } | { readonly before: unknown } | null): boolean =>
  cursor !== null && "before" in cursor

/**
 * A page, newest first, of what was found in the direction of the walk. One row more than `limit` tells that there are more;
 * `last` is where the walk stopped looking, if that is not the end.
 */
export const toListed = <A extends { readonly id: Id }, Id extends string>(
  found: ReadonlyArray<A>,
  { isMore, last = null, upwards }: { readonly isMore: boolean; readonly upwards: boolean; readonly last?: Id | null }
): Listed<A, Id> => ({
  next: isMore ? found.at(-1)!.id : last,
  found: upwards ? found.toReversed() : found
})
