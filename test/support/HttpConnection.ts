import { connect, type Socket } from "node:net"

/** An answer as it stood on the wire. */
export interface HttpAnswer {
  readonly status: number
  /** By lower-case name; several lines are joined as RFC 9110 does. */
  readonly headers: Readonly<Record<string, string>>
  /** Status line and header lines, as they came. */
  readonly head: string
  readonly text: string
  /** Statuses of the informational answers before it. */
  readonly interim: ReadonlyArray<number>
}

export interface HttpConnection {
  readonly write: (bytes: string | Uint8Array) => void
  /** Says that nothing more comes. */
  readonly end: () => void
  /** The next answer; a rejection when the connection ends without one, or after the deadline. */
  readonly next: (options?: { readonly withoutBody?: boolean }) => Promise<HttpAnswer>
  readonly closed: Promise<void>
  /** Goes away without a word. */
  readonly destroy: () => void
}

/** Milliseconds; what a test waits for must come within this. */
export const deadline = 8_000

export const within = <A>(promise: Promise<A>, what: string, milliseconds = deadline): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not happen within ${milliseconds} ms`)), milliseconds)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

const readHead = (head: string) => {
  const [statusLine = "", ...lines] = head.split("\r\n")
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1])
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(":")
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value
  }
  return { status, headers }
}

/** The end of a chunked body that begins at `start`, and its text; undefined while it is not all there. */
const readChunks = (bytes: Buffer, start: number) => {
  const parts: Array<Buffer> = []
  for (let at = start;;) {
    const line = bytes.indexOf("\r\n", at)
    if (line < 0) return undefined
    const size = Number.parseInt(bytes.toString("latin1", at, line), 16)
    const end = line + 2 + size + 2
    if (bytes.length < end) return undefined
    if (size === 0) return { end, text: Buffer.concat(parts).toString("utf8") }
    parts.push(bytes.subarray(line + 2, end - 2))
    at = end
  }
}

const takeAnswer = (bytes: Buffer, withoutBody: boolean) => {
  const split = bytes.indexOf("\r\n\r\n")
  if (split < 0) return undefined
  const head = bytes.toString("latin1", 0, split)
  const { headers, status } = readHead(head)
  const start = split + 4
  const bodiless = withoutBody || status < 200 || status === 204 || status === 304
  if (!bodiless && headers["transfer-encoding"] !== undefined) {
    const body = readChunks(bytes, start)
    return body === undefined ? undefined : { status, headers, head, text: body.text, end: body.end }
  }
  const length = bodiless ? 0 : Number(headers["content-length"] ?? 0)
  if (bytes.length < start + length) return undefined
  return { status, headers, head, text: bytes.toString("utf8", start, start + length), end: start + length }
}

/** A connection on which any bytes can be written. */
export const openConnection = async (port: number): Promise<HttpConnection> => {
  const socket: Socket = connect({ port, host: "127.0.0.1", noDelay: true })
  let received = Buffer.alloc(0)
  let ended = false
  let wake = () => {}
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk])
    wake()
  })
  // a reset is an end: what came before it counts
  socket.on("error", () => {})
  const closed = new Promise<void>((resolve) =>
    socket.on("close", () => {
      ended = true
      wake()
      resolve()
    })
  )
  socket.on("end", () => {
    ended = true
    wake()
  })
  await within(
    new Promise((resolve, reject) => {
      socket.once("connect", resolve)
      socket.once("error", reject)
    }),
    "a connection"
  )

  const next = async (withoutBody: boolean): Promise<HttpAnswer> => {
    const interim: Array<number> = []
    for (;;) {
      const answer = takeAnswer(received, withoutBody)
      if (answer !== undefined) {
        const { end, ...found } = answer
        received = received.subarray(end)
        if (found.status >= 200) return { ...found, interim }
        interim.push(found.status)
        continue
      }
      if (ended) {
        throw new Error(`the connection ended without an answer, after: ${JSON.stringify(received.toString())}`)
      }
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }

  return {
    write: (bytes) => {
      socket.write(bytes)
    },
    end: () => {
      socket.end()
    },
    next: ({ withoutBody = false } = {}) => within(next(withoutBody), "an answer"),
    closed,
    destroy: () => {
      socket.destroy()
    }
  }
}

/** Sends these bytes on a connection of their own and answers what comes back first. */
export const rawRequest = async (port: number, bytes: string | Uint8Array): Promise<HttpAnswer> => {
  const connection = await openConnection(port)
  connection.write(bytes)
  try {
    return await connection.next()
  } finally {
    connection.destroy()
  }
}
