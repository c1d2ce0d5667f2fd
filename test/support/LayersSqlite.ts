import { SqlClient } from "@effect/sql"
import { SqliteClient } from "@effect/sql-sqlite-node"
import { ConfigProvider, Effect, Layer } from "effect"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { Daemons } from "../../src/layers/Daemons.ts"
import { gatewaySchema } from "../../src/layers/sql/GatewaySchema.ts"
import { migrated } from "../../src/layers/sql/Migrations.ts"
import { processorSchema } from "../../src/layers/sql/ProcessorSchema.ts"
import { SqlAccountRepository } from "../../src/layers/sql/SqlAccountRepository.ts"
import { SqlSubmissionRepository } from "../../src/layers/sql/SqlSubmissionRepository.ts"
import { SqlTransactionRepository } from "../../src/layers/sql/SqlTransactionRepository.ts"
import { DataDir, LockedDataDir } from "../../src/layers/sqlite/DataDir.ts"
import { sqliteDatabase } from "../../src/layers/sqlite/SqliteDatabase.ts"
import { SqliteLog } from "../../src/layers/sqlite/SqliteLog.ts"

/** A folder that is gone when the test is over. */
export const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "gateway-layers-"))),
  (folder) => Effect.sync(() => fs.rmSync(folder, { recursive: true, force: true }))
)

export const settings = (entries: Readonly<Record<string, string>>) =>
  Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(entries))))

/** One database alone, which the folder of a whole gateway would not be. */
const within = (folder: string, entries: Readonly<Record<string, string>>) =>
  Layer.mergeAll(Layer.succeed(DataDir, { path: folder, hasDatabases: false }), Daemons.Default, settings(entries))

/** The folder belongs to whoever has this open, as in the program. */
const locked = (folder: string, entries: Readonly<Record<string, string>>) =>
  Layer.merge(LockedDataDir, Daemons.Default).pipe(Layer.provideMerge(settings({ DATA_DIR: folder, ...entries })))

/** What is asked for, together with the connection under it. */
export const on = <A, E, R>(repositories: Layer.Layer<A, E, R | SqlClient.SqlClient>) =>
  repositories.pipe(Layer.merge(Layer.effect(SqlClient.SqlClient, SqlClient.SqlClient)))

export const gatewayRepositories = Layer.mergeAll(SqlAccountRepository, SqlSubmissionRepository)

export const sqliteGateway = (folder: string, entries: Readonly<Record<string, string>> = {}) =>
  on(gatewayRepositories).pipe(
    Layer.provide(migrated(gatewaySchema)),
    Layer.provide(sqliteDatabase("gateway", { synchronous: "FULL" })),
    Layer.provide(within(folder, entries))
  )

export const sqliteProcessor = (folder: string) =>
  on(SqlTransactionRepository).pipe(
    Layer.provide(migrated(processorSchema)),
    Layer.provide(sqliteDatabase("processor", { synchronous: "FULL" })),
    Layer.provide(within(folder, {}))
  )

const logFile = SqliteLog.pipe(Layer.provide(sqliteDatabase("log", { synchronous: "NORMAL" })))

export const sqliteLog = (folder: string, entries: Readonly<Record<string, string>> = {}) =>
  Layer.provide(logFile, within(folder, entries))

export const lockedSqliteLog = (folder: string, entries: Readonly<Record<string, string>> = {}) =>
  Layer.provide(logFile, locked(folder, entries))

/** The same layers on databases that live in memory, for tests of what is above them. */
export const memoryGateway = on(gatewayRepositories).pipe(
  Layer.provide(migrated(gatewaySchema)),
  Layer.provide(SqliteClient.layer({ filename: ":memory:", disableWAL: true }))
)

export const memoryProcessor = SqlTransactionRepository.pipe(
  Layer.provide(migrated(processorSchema)),
  Layer.provide(SqliteClient.layer({ filename: ":memory:", disableWAL: true }))
)

export const memoryLog = SqliteLog.pipe(
  Layer.provide(SqliteClient.layer({ filename: ":memory:", disableWAL: true }))
)
