import type { SqlClient } from "@effect/sql"
import { Effect, Layer, type Scope } from "effect"
import { createConnection } from "mysql2/promise"
import { randomBytes } from "node:crypto"
import { Daemons } from "../../src/layers/Daemons.ts"
import { mysqlDatabase } from "../../src/layers/mysql/MysqlDatabase.ts"
import { gatewaySchema } from "../../src/layers/sql/GatewaySchema.ts"
import { migrated } from "../../src/layers/sql/Migrations.ts"
import { processorSchema } from "../../src/layers/sql/ProcessorSchema.ts"
import { SqlTransactionRepository } from "../../src/layers/sql/SqlTransactionRepository.ts"
import type { GatewayUnderTest, ProcessorUnderTest } from "./LayersDatabase.ts"
import { recordedMetrics } from "./LayersMetrics.ts"
import { gatewayRepositories, on, settings } from "./LayersSqlite.ts"

/** Two databases and their users, as an operator makes them. */
export interface MysqlPair {
  readonly gatewayUrl: string
  readonly processorUrl: string
  /** As the user who may do everything, in this database. */
  readonly admin: <Row>(
    sql: string,
    values?: ReadonlyArray<unknown>,
    database?: string
  ) => Effect.Effect<ReadonlyArray<Row>>
  readonly gateway: string
  readonly processor: string
}

export const password = "p%/# @:?ü"

export const urlOf = (adminUrl: string, user: string, database: string, secret = password) => {
  const { hostname, port } = new URL(adminUrl)
  return `mysql://${user}:${encodeURIComponent(secret)}@${hostname}:${port}/${database}`
}

/** Of their own, gone with the scope. Their default character set is not the one that the tables need. */
export const mysqlPair = (adminUrl: string): Effect.Effect<MysqlPair, never, Scope.Scope> =>
  Effect.gen(function*() {
    // a connection for each: a test may have killed the server meanwhile
    const admin = <Row>(sql: string, values: ReadonlyArray<unknown> = [], database?: string) =>
      Effect.promise(async () => {
        const connection = await createConnection(adminUrl)
        try {
          if (database !== undefined) await connection.changeUser({ database })
          return (await connection.query(sql, [...values]))[0] as unknown as ReadonlyArray<Row>
        } finally {
          await connection.end()
        }
      })
    const name = `t${randomBytes(6).toString("hex")}`
    const make = (database: string) =>
      Effect.acquireRelease(
        admin(`CREATE DATABASE ${database} CHARACTER SET latin1`).pipe(
          Effect.zipRight(admin(`CREATE USER '${database}'@'%' IDENTIFIED BY ?`, [password])),
          Effect.zipRight(admin(`GRANT ALL ON ${database}.* TO '${database}'@'%'`)),
          Effect.as(database)
        ),
        () => Effect.zipRight(admin(`DROP DATABASE IF EXISTS ${database}`), admin(`DROP USER '${database}'@'%'`))
      )
    const [gateway, processor] = [yield* make(`${name}g`), yield* make(`${name}p`)]
    return {
      admin,
      gateway,
      processor,
      gatewayUrl: urlOf(adminUrl, gateway, gateway),
      processorUrl: urlOf(adminUrl, processor, processor)
    }
  })

export const mysqlGateway = (url: string, entries: Readonly<Record<string, string>> = {}) =>
  on(gatewayRepositories).pipe(
    Layer.provide(migrated(gatewaySchema)),
    Layer.provide(mysqlDatabase("gateway")),
    Layer.provide(Layer.merge(Daemons.Default, settings({ DATABASE_URL: url, ...entries })))
  )

export const mysqlProcessor = (url: string, entries: Readonly<Record<string, string>> = {}) =>
  on(SqlTransactionRepository).pipe(
    Layer.provide(migrated(processorSchema)),
    Layer.provide(mysqlDatabase("processor")),
    Layer.provide(settings({ PROCESSOR_DATABASE_URL: url, ...entries }))
  )

/** The connection alone. */
export const mysqlClient = (
  name: "gateway" | "processor",
  entries: Readonly<Record<string, string>>
): Layer.Layer<SqlClient.SqlClient, unknown> =>
  Layer.provide(mysqlDatabase(name), Layer.merge(settings(entries), recordedMetrics().layer))

export const mysqlGatewayUnderTest = (adminUrl: string): GatewayUnderTest => ({
  name: "MySQL",
  clock: "real",
  place: Effect.map(mysqlPair(adminUrl), ({ gatewayUrl }) => ({
    open: ({ submissionCapacity } = {}) =>
      mysqlGateway(gatewayUrl, submissionCapacity === undefined ? {} : { SUBMISSION_CAPACITY: `${submissionCapacity}` })
  }))
})

export const mysqlProcessorUnderTest = (adminUrl: string): ProcessorUnderTest => ({
  name: "MySQL",
  clock: "real",
  place: Effect.map(mysqlPair(adminUrl), ({ processorUrl }) => ({ open: () => mysqlProcessor(processorUrl) }))
})
