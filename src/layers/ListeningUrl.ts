import { Effect } from "effect"
import { channel } from "node:diagnostics_channel"
import type { Listening } from "./http/HttpServer.ts"

export const urlOf = ({ host, port }: Listening): string => `http://${host.includes(":") ? `[${host}]` : host}:${port}`

/** Whatever else runs in this process hears that it serves, and where: scripts/start.mjs waits for it. */
const started = channel("gateway.started")

export const tellStarted = (url: string): Effect.Effect<void> => Effect.sync(() => started.publish({ url }))
