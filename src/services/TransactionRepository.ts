import type { Effect } from "effect"
import { Context, Data } from "effect"
import type { TransactionId } from "../domain/Ids.ts"
import type { DecidedTransaction } from "../domain/Transaction.ts"
import type { StorageUnavailable, Unstorable } from "./Failure.ts"
import type { Position } from "./Log.ts"

export interface StoredTransaction extends DecidedTransaction {
  /** Where the message stood that was decided. */
  readonly position: Position
}

/** Another processor decided one of these first: read again, decide what is still missing. */
export class AlreadyDecided extends Data.TaggedError("AlreadyDecided") {}

/** Decided transactions, in the processor's database: append-only, one row for each id, for ever. */
export class TransactionRepository extends Context.Tag("gateway/TransactionRepository")<TransactionRepository, {
  readonly find: (
    ids: ReadonlyArray<TransactionId>
  ) => Effect.Effect<ReadonlyArray<StoredTransaction>, StorageUnavailable>

  /** All or none. */
  readonly insert: (
    transactions: ReadonlyArray<StoredTransaction>
  ) => Effect.Effect<void, StorageUnavailable | AlreadyDecided | Unstorable>

  /** In the order of ids, after the given one. */
  readonly list: (
    after: TransactionId | null,
    limit: number
  ) => Effect.Effect<ReadonlyArray<StoredTransaction>, StorageUnavailable>
}>() {}
