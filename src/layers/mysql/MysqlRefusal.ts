import type { SqlError } from "@effect/sql/SqlError"
import { innermost } from "../../services/Failure.ts"
import { CannotStart } from "../CannotStart.ts"
import { MysqlError } from "./MysqlError.ts"
import type { MysqlUrl } from "./MysqlUrl.ts"

export type DatabaseName = "gateway" | "processor"

type Settings = MysqlUrl & { readonly ssl: object | undefined }

/** The variable that says where the database is. */
export const variableOf = { gateway: "DATABASE_URL", processor: "PROCESSOR_DATABASE_URL" } as const

/** What to do about an answer that waiting does not change; by the server's number, or the name Node gives. */
const connectionRemedies: Readonly<Record<string, (settings: Settings, variable: string) => string>> = {
  1045: ({ ssl, user }, variable) =>
    `give the password of the user ${user} in ${variable}${
      ssl === undefined ? ", and set MYSQL_SSL=true if its server wants TLS" : ""
    }`,
  1044: ({ database, user }) =>
    `make the database ${database} and grant the user ${user} the rights on it, or correct the name`,
  1049: ({ database }) => `make the database ${database}, or correct its name`,
  1130: () => "let the user connect from this machine",
  1251: ({ user }) => `give the user ${user} the authentication caching_sha2_password or mysql_native_password`,
  1862: ({ user }) => `give the user ${user} a password that has not expired`,
  3118: ({ user }) => `unlock the user ${user}`,
  3159: () => "set MYSQL_SSL=true, because this server wants TLS",
  4151: ({ user }) => `unlock the user ${user}`,
  HANDSHAKE_NO_SSL_SUPPORT: () => "give the server a certificate, or unset MYSQL_SSL",
  HANDSHAKE_SSL_ERROR: ({ host }) =>
    `set MYSQL_SSL_CA_FILE to the certificate that signed the server's, which must name ${host}`,
  AUTH_SWITCH_PLUGIN_ERROR: ({ user }) => `give the user ${user} the authentication caching_sha2_password`
}

/** Why this database cannot be reached, when waiting would not help. */
export const refuseConnection = (
  name: DatabaseName,
  settings: Settings,
  error: MysqlError
): CannotStart | undefined => {
  const remedy = connectionRemedies[error.errno] ?? connectionRemedies[error.code]
  if (remedy === undefined) return undefined
  return new CannotStart({
    sentence: `The ${name} database at ${settings.host}:${settings.port} refuses the connection (${error.message}): ${
      remedy(settings, variableOf[name])
    }.`
  })
}

const statementRemedies: Readonly<Record<number, string>> = {
  1419:
    "start the server with log_bin_trust_function_creators=1 (or SET GLOBAL log_bin_trust_function_creators = 1), because with its binary log on it takes triggers from nobody else, and run the role migrate again",
  1142:
    "grant the user of the role migrate CREATE, ALTER, DROP, INDEX, REFERENCES, TRIGGER, SELECT, INSERT, UPDATE and DELETE on the database, and other roles SELECT, INSERT and UPDATE at least",
  1044: "grant its user the rights on the database",
  1227: "grant its user the rights on the database"
}

/** Why this database cannot be migrated or looked at. */
export const refuseStatement = (name: DatabaseName, error: SqlError): CannotStart => {
  const remedy = error.cause instanceof MysqlError ? statementRemedies[error.cause.errno] : undefined
  return new CannotStart({
    sentence: `The ${name} database cannot be used (${innermost(error)}): ${
      remedy ?? `check what its user may do, and that its server is MySQL 8.4, MySQL 9 or MariaDB 10.11 at least`
    }.`
  })
}
