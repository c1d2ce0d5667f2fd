import { mysqlGatewayTables } from "../mysql/MysqlGatewayTables.ts"
import type { DatabaseSchema } from "./Migrations.ts"
import { sqliteGatewayTables } from "./SqliteGatewayTables.ts"

/** The gateway's database: accounts, their secrets, and the submissions. Instants are ms since the epoch, UTC. */
export const gatewaySchema: DatabaseSchema = {
  name: "gateway",
  sqlite: sqliteGatewayTables,
  mysql: mysqlGatewayTables
}
