import { Either, Option, Redacted } from "effect"
import { CannotStart } from "../CannotStart.ts"

/** Where a database is, and who asks. */
export interface MysqlUrl {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: Redacted.Redacted
}

const form = "mysql://user:password@host:port/database"

/** Decoded where the URL may be percent-encoded. */
const decoded = Option.liftThrowable(decodeURIComponent)

/** The sentences never repeat the URL, which holds a password. */
export const parseMysqlUrl = (
  variable: string,
  text: Redacted.Redacted
): Either.Either<MysqlUrl, CannotStart> => {
  const refuse = (what: string) =>
    Either.left(new CannotStart({ sentence: `${variable} ${what}: it is written ${form}.` }))
  const url = Option.getOrUndefined(Option.liftThrowable((_: string) => new URL(_))(Redacted.value(text)))
  if (url === undefined) {
    return refuse("is not a URL (percent-encode what is special in the password, such as / as %2F and # as %23)")
  }
  if (url.protocol !== "mysql:") return refuse("does not begin with mysql://")
  const user = decoded(url.username)
  const password = decoded(url.password)
  const database = decoded(url.pathname.slice(1))
  if (Option.isNone(user) || Option.isNone(password) || Option.isNone(database)) {
    return refuse("has a % that encodes nothing (write % as %25)")
  }
  if (url.search !== "" || url.hash !== "") {
    return refuse("has something after the database (TLS and limits have variables of their own, MYSQL_…)")
  }
  if (url.hostname === "") return refuse("names no host")
  if (user.value === "") return refuse("names no user")
  if (database.value === "") return refuse("names no database")
  if (database.value.includes("/")) return refuse("names more than a database after the host")
  return Either.right({
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? 3306 : Number(url.port),
    database: database.value,
    user: user.value,
    password: Redacted.make(password.value)
  })
}
