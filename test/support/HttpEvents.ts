import { type IncomingMessage, request } from "node:http"
import { basic, type Credential } from "./GatewayFixture.ts"
import { within } from "./HttpConnection.ts"
import type { TransactionJson } from "./HttpSamples.ts"

export interface EventJson {
  readonly id: string
  readonly type: string
  readonly created_at: string
  readonly transaction: TransactionJson
}

/** One block of a stream, as an EventSource would read it (WHATWG HTML, 9.2.6). */
export interface StreamBlock {
  readonly id: string | null
  readonly event: string | null
  readonly data: string | null
  readonly retry: string | null
  readonly comment: boolean
}

const parse = (block: string): StreamBlock => {
  const lines = block.split("\n")
  const valueOf = (field: string) =>
    lines.find((_) => _.startsWith(`${field}:`))?.slice(field.length + 1).replace(/^ /, "") ?? null
  return {
    id: valueOf("id"),
    event: valueOf("event"),
    data: valueOf("data"),
    retry: valueOf("retry"),
    comment: lines.some((_) => _.startsWith(":"))
  }
}

/** Opens a stream and keeps all that it says. */
export const openEvents = async (
  port: number,
  as: Credential | { readonly cookie: string },
  options: { readonly query?: string; readonly lastEventId?: string; readonly method?: string } = {}
) => {
  const blocks: Array<StreamBlock> = []
  let rest = ""
  let ended = false
  const { message, sent } = await within(
    new Promise<{ readonly message: IncomingMessage; readonly sent: ReturnType<typeof request> }>((resolve, reject) => {
      const sent = request({
        host: "127.0.0.1",
        port,
        path: `/v1/transactions/events${options.query ?? ""}`,
        method: options.method ?? "GET",
        agent: false,
        headers: {
          ...(typeof as === "string" ? { authorization: basic(as) } : as),
          accept: "text/event-stream",
          ...(options.lastEventId === undefined ? {} : { "last-event-id": options.lastEventId })
        }
      }, (message) => resolve({ message, sent }))
      sent.on("error", reject)
      sent.end()
    }),
    "the head of an event stream"
  )
  message.setEncoding("utf8")
  message.on("data", (text: string) => {
    const parts = (rest + text).split("\n\n")
    rest = parts.pop()!
    blocks.push(...parts.map(parse))
  })
  message.on("error", () => {})
  sent.on("error", () => {})
  message.on("close", () => {
    ended = true
  })
  const events = (): ReadonlyArray<EventJson> =>
    blocks.flatMap(({ data, event }) => {
      if (data === null || event === "reset") return []
      const read = JSON.parse(data) as EventJson | ReadonlyArray<EventJson>
      return Array.isArray(read) ? read : [read as EventJson]
    })
  return {
    status: message.statusCode!,
    headers: message.headers,
    blocks,
    events,
    /** What an EventSource would send as its Last-Event-ID. */
    lastEventId: () => blocks.findLast((_) => _.id !== null)?.id ?? null,
    isComplete: () => message.complete,
    hasEnded: () => ended,
    /** Takes nothing more of what is sent. */
    pause: () => message.pause(),
    close: () => sent.destroy()
  }
}

export type EventReader = Awaited<ReturnType<typeof openEvents>>
