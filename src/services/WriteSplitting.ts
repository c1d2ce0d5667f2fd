import { Effect } from "effect"
import type { Unstorable } from "./Failure.ts"

type Split<Row, A, E, R> = Effect.Effect<
  { readonly written: ReadonlyArray<A>; readonly refused: ReadonlyArray<Row> },
  E,
  R
>

/**
 * Writes rows together; rows the database refuses for what they say are found by halving, so that one of them costs the
 * others nothing. Answers the refused.
 */
export const writeSplitting = <Row, A, E, R>(
  rows: ReadonlyArray<Row>,
  write: (rows: ReadonlyArray<Row>) => Effect.Effect<A, E | Unstorable, R>
): Split<Row, A, E, R> =>
  Effect.matchEffect(write(rows), {
    onSuccess: (answer): Split<Row, A, E, R> => Effect.succeed({ written: [answer], refused: [] }),
    onFailure: (error): Split<Row, A, E, R> => {
      if (!isUnstorable(error)) return Effect.fail(error)
      if (rows.length === 1) return Effect.succeed({ written: [], refused: rows })
      const half = rows.length >> 1
      return Effect.zipWith(
        writeSplitting(rows.slice(0, half), write),
        writeSplitting(rows.slice(half), write),
        (left, right) => ({
          written: [...left.written, ...right.written],
          refused: [...left.refused, ...right.refused]
        })
      )
    }
  })

const isUnstorable = <E>(error: E | Unstorable): error is Unstorable =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "Unstorable"
