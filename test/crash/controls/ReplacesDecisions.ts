import { SqlClient } from "@effect/sql"
import { Effect, Layer } from "effect"
import { StorageUnavailable } from "../../../src/services/Failure.ts"
import { TransactionRepository } from "../../../src/services/TransactionRepository.ts"
import { real, runControl } from "./Gateway.ts"

/** Finds no stored decision and replaces what is stored; SQLite's REPLACE deletes without asking the triggers. */
const ReplacingTransactions = Layer.effect(
  TransactionRepository,
  Effect.gen(function*() {
    const transactions = yield* TransactionRepository
    const sql = yield* SqlClient.SqlClient
    return TransactionRepository.of({
      ...transactions,
      find: () => Effect.succeed([]),
      insert: (decided) =>
        Effect.forEach(
          decided,
          ({ acceptedAt, accountId, amount, currency, decidedAt, decision, id, position }) =>
            sql`INSERT OR REPLACE INTO transactions (id, account_id, amount, currency, status, reason, accepted_at,
                decided_at, log_partition, log_offset, appended_at)
              VALUES (${id}, ${accountId}, ${amount}, ${currency}, ${decision.status}, ${decision.reason}, ${acceptedAt},
                ${decidedAt}, ${position.partition}, ${position.offset}, ${position.appendedAt})`,
          { discard: true }
        )
          .pipe(Effect.mapError((cause) => new StorageUnavailable({ cause })))
    })
  })
)

runControl({ transactions: ReplacingTransactions.pipe(Layer.provideMerge(real.transactions)) })
