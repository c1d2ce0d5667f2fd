import { Config } from "effect"

/** Besides what the gateway itself reads: docs/configuration.md lists both, a test compares. */
export const CliSettings = Config.all({
  url: Config.nonEmptyString("GATEWAY_URL").pipe(Config.withDefault("http://127.0.0.1:8080")),
  account: Config.option(Config.nonEmptyString("GATEWAY_ACCOUNT")),
  secret: Config.option(Config.redacted(Config.nonEmptyString("GATEWAY_SECRET"))),
  /** no-color.org */
  noColor: Config.option(Config.nonEmptyString("NO_COLOR"))
})
