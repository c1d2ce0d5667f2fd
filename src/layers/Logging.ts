import { Effect, Layer, Logger } from "effect"
import { LoggingSettings } from "./Settings.ts"

/** One line of JSON for each entry, or lines for a person. */
export const Logging = Layer.unwrapEffect(Effect.map(LoggingSettings, ({ format, level }) =>
  Layer.merge(
    format === "json" ? Logger.json : Logger.pretty,
    Logger.minimumLogLevel(level)
  )))
