import { connect, createServer, type Socket } from "node:net"

/** What a proxy does to the next requests of a kind: they never arrive, or are carried out and the reply is lost. */
export type Cut = "request" | "reply"

/** Numbers of the requests that the log sends (kafka.apache.org/protocol#protocol_api_keys). */
export const requests = {
  Produce: 0,
  Fetch: 1,
  ListOffsets: 2,
  Metadata: 3,
  OffsetCommit: 8,
  OffsetFetch: 9,
  FindCoordinator: 10,
  JoinGroup: 11,
  Heartbeat: 12,
  SyncGroup: 14
} as const

/** Stands before a broker and cuts the connection in the midst of chosen requests. */
export const cuttingProxy = async (port: number, target: number) => {
  const sockets = new Set<Socket>()
  /** How many of a kind are still to be cut. */
  const cuts = new Map<number, number>()
  let how: Cut = "request"

  const serve = (client: Socket) => {
    const broker = connect({ host: "127.0.0.1", port: target })
    const end = () => {
      client.destroy()
      broker.destroy()
    }
    for (const socket of [client, broker]) {
      sockets.add(socket)
      socket.on("error", end).on("close", () => {
        sockets.delete(socket)
        end()
      })
    }
    let isCut = false
    let unread = Buffer.alloc(0)
    client.on("data", (bytes) => {
      unread = Buffer.concat([unread, bytes])
      // a request is its size, its kind and the rest
      while (unread.length >= 6 && unread.length >= 4 + unread.readInt32BE(0)) {
        const size = 4 + unread.readInt32BE(0)
        const kind = unread.readInt16BE(4)
        const left = cuts.get(kind) ?? 0
        if (left > 0) {
          cuts.set(kind, left - 1)
          if (how === "request") return end()
          isCut = true
        }
        broker.write(unread.subarray(0, size))
        unread = unread.subarray(size)
      }
    })
    broker.on("data", (bytes) => isCut ? end() : client.write(bytes))
  }

  const server = createServer(serve)
  await new Promise<void>((done) => server.listen(port, "127.0.0.1", done))
  return {
    /** From now on the next `count` of each. */
    cut: (kinds: ReadonlyArray<number>, count: number, what: Cut) => {
      how = what
      for (const kind of kinds) cuts.set(kind, count)
    },
    /** Kinds of which not all were cut yet. */
    left: () => Array.from(cuts).filter(([, count]) => count > 0).map(([kind]) => kind),
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    }
  }
}
