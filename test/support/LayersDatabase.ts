import type { SqlClient } from "@effect/sql"
import { it } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import { AccountRepository } from "../../src/services/AccountRepository.ts"
import type { Metrics } from "../../src/services/Metrics.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { TransactionRepository } from "../../src/services/TransactionRepository.ts"
import { type Counted, recordedMetrics } from "./LayersMetrics.ts"

export type Accounts = AccountRepository["Type"]
export type Submissions = SubmissionRepository["Type"]
export type Transactions = TransactionRepository["Type"]

/** Where a database lives: it can be opened, closed, and opened again. */
export interface DatabasePlace<Repositories> {
  readonly open: (
    settings?: { readonly submissionCapacity?: number }
  ) => Layer.Layer<Repositories | SqlClient.SqlClient, unknown, Metrics>
}

/** The layers of one database that its conformance suites run on. */
export interface DatabaseUnderTest<Repositories> {
  readonly name: string
  /** `real` where a server or its driver keeps time too. */
  readonly clock: "test" | "real"
  /** An empty database of its own. */
  readonly place: Effect.Effect<DatabasePlace<Repositories>, unknown, Scope.Scope>
}

export type GatewayUnderTest = DatabaseUnderTest<AccountRepository | SubmissionRepository>
export type ProcessorUnderTest = DatabaseUnderTest<TransactionRepository>

/** What a suite over one database works with. */
export const databaseSuite = <Repositories>({ clock, place }: DatabaseUnderTest<Repositories>) => {
  const test = (
    title: string,
    body: (place: DatabasePlace<Repositories>) => Effect.Effect<void, unknown, Scope.Scope>
  ) =>
    clock === "test"
      ? it.scoped(title, () => Effect.flatMap(place, body), 30_000)
      : it.scopedLive(title, () => Effect.flatMap(place, body), 60_000)

  /** One life of a process with this database, from opening to closing. */
  const life = <A, E>(
    where: DatabasePlace<Repositories>,
    body: (counted: Counted) => Effect.Effect<A, E, Repositories | SqlClient.SqlClient>,
    settings?: Parameters<DatabasePlace<Repositories>["open"]>[0]
  ) =>
    Effect.suspend(() => {
      const { counted, layer } = recordedMetrics()
      return Effect.provide(body(counted), Layer.provide(where.open(settings), layer))
    })

  return { test, life } as const
}
