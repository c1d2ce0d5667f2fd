import { connect } from "node:net"
import { Histogram } from "./histogram.ts"
import { digestOf, type FromListeners, type Heard, type Listening, type ToListeners } from "./streams.ts"

const opening = Buffer.from("\ndata: {\"id\":\"")
const idLength = "evt_".length + 27
const created = Buffer.from("\"created_at\":\"")
const createdLength = "2026-01-01T00:00:00.000Z".length
/** An event's id and instant stand within so many bytes of the start of its data. */
const reach = 200

const tell = (message: FromListeners) => process.send!(message)

let latency = { accepted: new Histogram(), decided: new Histogram() }
let resets = 0
let ended = 0

interface Stream {
  count: number
  sum: number
}

const request = (authorization: string) =>
  `GET /v1/transactions/events HTTP/1.1\r\nHost: bench\r\nAuthorization: ${authorization}\r\n\r\n`

/** Reads events out of the bytes of an answer; what frames its chunks is passed over, and cuts no event's start in two. */
const open = ({ host, port }: Listening, authorization: string, isSampled: boolean, onBegin: () => void): Stream => {
  const stream: Stream = { count: 0, sum: 0 }
  const socket = connect({ host, port, noDelay: true })
  socket.on("error", () => {})
  socket.on("close", () => ended++)
  socket.write(request(authorization))
  let rest: Buffer | undefined
  let hasBegun = false
  socket.on("data", (chunk) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk])
    if (!hasBegun && bytes.includes("\nid: ")) {
      hasBegun = true
      onBegin()
    }
    const now = Date.now()
    let from = 0
    for (;;) {
      const at = bytes.indexOf(opening, from)
      if (at < 0 || at + reach > bytes.length) {
        // an event's beginning may be cut anywhere
        from = at < 0 ? Math.max(from, bytes.length - opening.length) : at
        break
      }
      const idAt = at + opening.length
      stream.count++
      const id = bytes.toString("latin1", idAt, idAt + idLength)
      stream.sum = (stream.sum + digestOf(id)) | 0
      if (isSampled) {
        const createdAt = bytes.indexOf(created, idAt) + created.length
        latency[id.endsWith("0") ? "accepted" : "decided"].record(
          now - Date.parse(bytes.toString("latin1", createdAt, createdAt + createdLength))
        )
      }
      from = idAt
    }
    if (hasBegun && bytes.includes("event: reset")) resets++
    rest = bytes.subarray(from)
  })
  return stream
}

const listen = async (listening: Listening) => {
  const { accounts, host, port, stalled, streams } = listening
  let left = accounts.length * streams
  let begun: () => void
  const all = new Promise<void>((resolve) => (begun = resolve))
  const heard = accounts.map((authorization) =>
    Array.from({ length: streams }, (_, index) =>
      open(listening, authorization, index % 10 === 0, () => {
        if (--left === 0) begun()
      }))
  )
  if (stalled !== null) {
    const socket = connect({ host, port })
    socket.on("error", () => {})
    socket.once("data", () => socket.pause())
    socket.write(request(stalled))
  }
  await all
  return heard
}

let heard: ReadonlyArray<ReadonlyArray<Stream>> = []

const report = (): Heard => ({
  streams: heard,
  resets,
  ended,
  latency: { accepted: latency.accepted.quantiles(), decided: latency.decided.quantiles() },
  cpu: (process.cpuUsage().user + process.cpuUsage().system) / 1_000_000
})

process.on("message", (message: ToListeners) => {
  if (message.kind === "measure") latency = { accepted: new Histogram(), decided: new Histogram() }
  else if (message.kind === "report") tell({ kind: "heard", heard: report() })
  else {
    listen(message.listening).then(
      (streams) => {
        heard = streams
        tell({ kind: "open" })
      },
      (cause) => {
        console.error(cause)
        process.exit(1)
      }
    )
  }
})
