import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"

/** A request as it came over the wire. */
export interface RawRequest {
  readonly head: string
  readonly body: string
  readonly header: (name: string) => string | undefined
}

/** What becomes of a request; the last one of a list is for all that follow. */
export type Fate = (socket: Socket, request: RawRequest) => void | Promise<void>

const parse = (text: string): { readonly request: RawRequest; readonly rest: string } | undefined => {
  const end = text.indexOf("\r\n\r\n")
  if (end < 0) return undefined
  const head = text.slice(0, end)
  const header = (name: string) =>
    head.split("\r\n").slice(1).find((_) => _.toLowerCase().startsWith(`${name}:`))?.slice(name.length + 1).trim()
  const length = Number(header("content-length") ?? 0)
  if (text.length < end + 4 + length) return undefined
  return {
    request: { head, body: text.slice(end + 4, end + 4 + length), header },
    rest: text.slice(end + 4 + length)
  }
}

/** A server that answers with bytes, and badly where the test wants it to. Latin 1, so that a byte is a character. */
export const rawServer = async (fates: ReadonlyArray<Fate>) => {
  const requests: Array<RawRequest> = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on("error", () => {}).on("close", () => sockets.delete(socket))
    let text = ""
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1")
      for (let parsed = parse(text); parsed !== undefined; parsed = parse(text)) {
        text = parsed.rest
        const fate = fates[Math.min(requests.length, fates.length - 1)]!
        requests.push(parsed.request)
        void fate(socket, parsed.request)
      }
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    port: (server.address() as AddressInfo).port,
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    }
  }
}

export const answer = (
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {}
): string => {
  const text = typeof body === "string" ? body : JSON.stringify(body)
  return [
    `HTTP/1.1 ${status} Anything`,
    ...Object.entries({
      "content-type": status < 400 ? "application/json" : "application/problem+json",
      "content-length": `${Buffer.byteLength(text)}`,
      ...headers
    }).map(([name, value]) => `${name}: ${value}`),
    "",
    text
  ].join("\r\n")
}

export const answers = (...args: Parameters<typeof answer>): Fate => (socket) => void socket.write(answer(...args))

export const problem = (
  status: number,
  code: string,
  retryable: boolean,
  headers: Readonly<Record<string, string>> = {}
): Fate =>
  answers(status, {
    type: `urn:problem:${code}`,
    title: "A title",
    status,
    detail: "A detail.",
    instance: "/",
    code,
    request_id: "req_1",
    retryable,
    errors: []
  }, headers)

/** The connection ends without an answer. */
export const hangUp: Fate = (socket) => void socket.destroy()

/** The answer ends before its end. */
export const cut: Fate = (socket) => {
  socket.end("HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"id\":")
}

/** Nothing ever comes. */
export const silence: Fate = () => {}

/** Hands a request on to the gateway, whose answer `deal` gets whole, as bytes. */
export const through = (port: number, deal: (socket: Socket, answer: Buffer) => void): Fate => (socket, request) => {
  const gateway = connect(port, "127.0.0.1")
  const chunks: Array<Buffer> = []
  gateway.on("data", (chunk) => chunks.push(chunk))
  gateway.on("close", () => deal(socket, Buffer.concat(chunks)))
  const head = request.head.replace(/^connection:.*\r\n/im, "").concat("\r\nconnection: close")
  gateway.write(Buffer.from(`${head}\r\n\r\n${request.body}`, "latin1"))
}
