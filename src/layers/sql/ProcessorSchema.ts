import { mysqlProcessorTables } from "../mysql/MysqlProcessorTables.ts"
import type { DatabaseSchema } from "./Migrations.ts"
import { sqliteProcessorTables } from "./SqliteProcessorTables.ts"

/** The processor's database: decided transactions, which the database itself never lets change. */
export const processorSchema: DatabaseSchema = {
  name: "processor",
  sqlite: sqliteProcessorTables,
  mysql: mysqlProcessorTables
}
