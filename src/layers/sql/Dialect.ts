import type { SqlError } from "@effect/sql/SqlError"
import type { Fragment } from "@effect/sql/Statement"
import type { Effect } from "effect"
import type { TransactionId } from "../../domain/Ids.ts"

export type Value = string | number | null

/** A row to write, in the order of its columns. */
export type Row = ReadonlyArray<Value>

/**
 * The ids, in their order, that have an account and a reference and perhaps more that is said of an id, at most `limit`;
 * null when they cannot be found by an index now.
 */
export type ReferenceSearch = (search: {
  readonly finds: ReadonlyArray<Fragment>
  readonly upwards: boolean
  readonly limit: number
}) => Effect.Effect<ReadonlyArray<TransactionId> | null, SqlError>

/** What the statements of the repositories say differently in the two databases. */
export interface Dialect {
  /** All rows or none, in one statement; `onTaken` stands at its end. */
  readonly insertRows: (
    table: string,
    columns: ReadonlyArray<string>,
    rows: ReadonlyArray<Row>,
    onTaken?: Fragment
  ) => Effect.Effect<unknown, SqlError>
  /** At the end of an INSERT: a row whose id or key is taken is left out, and the one that is there stays as it is. */
  readonly leaveTaken: (table: string) => Fragment
  /** After the name of a table: the index to walk along, whatever the database counts or guesses of its rows. */
  readonly along: (index: string) => Fragment
  /** Where references are looked up; null where `submissions_by_reference` is an index like any other. */
  readonly findReferences: ReferenceSearch | null
  /** After FROM: the rows of the table whose column is one of these, each searched for by an index. */
  readonly oneOf: (table: string, column: string, values: ReadonlyArray<string>) => Fragment
  /** The same for two columns. */
  readonly oneOfPairs: (
    table: string,
    columns: readonly [string, string],
    values: ReadonlyArray<readonly [string, string]>
  ) => Fragment
  /**
   * Changes the rows whose id is the first value of an item, where the condition holds; answers how many those were.
   * `item` is another value of the item.
   */
  readonly updateFrom: (
    table: string,
    items: ReadonlyArray<Row>,
    change: (item: (index: number) => Fragment) => { readonly set: Fragment; readonly where: Fragment }
  ) => Effect.Effect<number, SqlError>
  /** The function that answers the smallest of its arguments. */
  readonly least: Fragment
  /** Bytes that one statement may carry. */
  readonly mostBytes: number
}
