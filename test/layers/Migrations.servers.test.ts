import { Effect } from "effect"
import { describe, inject } from "vitest"
import { mysqlClient, mysqlPair } from "../support/LayersMysql.ts"
import { migrationsConformance } from "./Migrations.conformance.ts"

const adminUrl = inject("database")

type Rows = ReadonlyArray<Readonly<Record<string, unknown>>>

describe.runIf(adminUrl !== null)("MySQL", () =>
  migrationsConformance({
    dialect: "mysql",
    database: (name) =>
      Effect.map(mysqlPair(adminUrl!), ({ admin, gatewayUrl, processorUrl, ...pair }) => {
        const database = pair[name]
        const of = (sql: string) => admin<Rows[number]>(sql.replaceAll("DATABASE()", `'${database}'`))
        return {
          client: name === "gateway"
            ? mysqlClient("gateway", { DATABASE_URL: gatewayUrl })
            : mysqlClient("processor", { PROCESSOR_DATABASE_URL: processorUrl }),
          sql: (statement) => Effect.catchAllDefect(admin(statement, [], database), Effect.fail),
          dump: Effect.all([
            of(
              `SELECT table_name, column_name, ordinal_position, column_type, is_nullable, column_default, collation_name
            FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1, 3`
            ),
            of(`SELECT table_name, index_name, non_unique, seq_in_index, column_name
            FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY 1, 2, 4`),
            of(`SELECT trigger_name, event_manipulation, action_timing, action_statement
            FROM information_schema.triggers WHERE trigger_schema = DATABASE() ORDER BY 1`)
          ]),
          columns: (table) =>
            Effect.map(
              of(`SELECT column_name AS name FROM information_schema.columns
              WHERE table_schema = DATABASE() AND table_name = '${table}' ORDER BY ordinal_position`),
              (_) => _.map(({ name }) => `${name}`)
            )
        }
      }),
    breaks: {
      gateway: [
        "DROP INDEX secrets_by_account ON secrets",
        "DROP INDEX submissions_by_account ON submissions",
        "DROP INDEX submissions_by_key ON submissions",
        "DROP INDEX submissions_by_reference ON submissions",
        "DROP INDEX submissions_waiting ON submissions",
        "ALTER TABLE submissions DROP INDEX submissions_waiting, ADD INDEX submissions_waiting (resend_at)",
        "ALTER TABLE submissions DROP INDEX submissions_by_key, ADD INDEX submissions_by_key (account_id, idempotency_key)",
        "ALTER TABLE submissions DROP PRIMARY KEY, ADD INDEX not_unique (id)",
        "DROP TABLE accounts",
        "DROP TABLE secrets",
        "DROP TABLE submissions"
      ],
      processor: [
        "DROP TRIGGER transactions_refuse_update",
        "DROP TRIGGER transactions_refuse_delete",
        "ALTER TABLE transactions DROP PRIMARY KEY, ADD INDEX not_unique (id)",
        "DROP TABLE transactions"
      ]
    }
  }))
