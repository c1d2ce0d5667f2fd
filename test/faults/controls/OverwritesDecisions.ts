import { SqlClient } from "@effect/sql"
import { Effect, Layer } from "effect"
import { StorageUnavailable } from "../../../src/services/Failure.ts"
import { TransactionRepository } from "../../../src/services/TransactionRepository.ts"
import { real, runWrongRole } from "./WrongRoles.ts"

/** Finds no stored decision, and writes over what is stored; the triggers are taken away by the control. */
const OverwritingTransactions = Layer.effect(
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
            sql`INSERT INTO transactions (id, account_id, amount, currency, status, reason, accepted_at, decided_at,
                log_partition, log_offset, appended_at)
              VALUES (${id}, ${accountId}, ${amount}, ${currency}, ${decision.status}, ${decision.reason}, ${acceptedAt},
                ${decidedAt}, ${position.partition}, ${position.offset}, ${position.appendedAt})
              ON DUPLICATE KEY UPDATE decided_at = ${decidedAt}`,
          { discard: true }
        ).pipe(Effect.mapError((cause) => new StorageUnavailable({ cause })))
    })
  })
)

runWrongRole({ transactions: OverwritingTransactions.pipe(Layer.provideMerge(real.transactions)) })
