import { createServer, type IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"

interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string; readonly intValue?: string; readonly doubleValue?: number }
}

/** A span as OTLP's JSON encoding has it. */
export interface SpanJson {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: ReadonlyArray<Attribute>
  readonly links: ReadonlyArray<{ readonly traceId: string; readonly spanId: string }>
  readonly status: { readonly code?: number }
}

interface ExportJson {
  readonly resourceSpans: ReadonlyArray<{
    readonly resource: { readonly attributes: ReadonlyArray<Attribute> }
    readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<SpanJson> }>
  }>
}

export const attributesOf = (attributes: ReadonlyArray<Attribute>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? String(value.doubleValue)])
  )

export interface Collector {
  readonly url: string
  /** What it answers from now on; null hangs. */
  readonly answers: { status: number | null }
  readonly requests: Array<{ readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string }>
  readonly spans: () => ReadonlyArray<SpanJson>
  readonly resources: () => ReadonlyArray<Readonly<Record<string, string>>>
  readonly close: () => Promise<void>
}

/** A collector of traces that keeps what it is sent (OTLP/HTTP, JSON). */
export const startCollector = async (): Promise<Collector> => {
  const answers: Collector["answers"] = { status: 200 }
  const requests: Collector["requests"] = []
  const server = createServer((message, response) => {
    const chunks: Array<Buffer> = []
    message.on("data", (chunk: Buffer) => chunks.push(chunk))
    message.on("end", () => {
      requests.push({ path: message.url!, headers: message.headers, body: Buffer.concat(chunks).toString("utf8") })
      if (answers.status === null) return
      response.writeHead(answers.status, { "content-type": "application/json" }).end("{}")
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve)
  })
  const exports = () => requests.flatMap(({ body }) => (JSON.parse(body) as ExportJson).resourceSpans)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers,
    requests,
    spans: () => exports().flatMap(({ scopeSpans }) => scopeSpans.flatMap((_) => _.spans)),
    resources: () => exports().map(({ resource }) => attributesOf(resource.attributes)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}
