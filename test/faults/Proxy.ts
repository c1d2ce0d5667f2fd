import { connect, createServer, type Server, type Socket } from "node:net"

/** From the process to its server, or back. */
export type Direction = "requests" | "replies"

/** Stands between a process and its server, and does what a network does on a bad day. */
export interface Proxy {
  readonly port: number
  /** Lets everything through again, what it held back too. */
  readonly pass: () => void
  /** Ends every connection; answers how many. */
  readonly cut: () => number
  /** Ends every connection and every new one. */
  readonly refuse: () => void
  /** One-way silence: nothing of this direction arrives until `pass`, and nobody is told. */
  readonly hold: (direction: Direction) => void
  /** Swallows so many replies, each with its connection: the server did it, and the process never hears. */
  readonly loseReplies: (count: number) => void
  /** Replies that were swallowed so far. */
  readonly lost: () => number
  readonly close: () => void
}

interface Link {
  readonly client: Socket
  readonly server: Socket
}

const listen = (server: Server) =>
  new Promise<number>((resolve, reject) => {
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      resolve(typeof address === "object" && address !== null ? address.port : 0)
    })
  })

/** `target` is asked at each connection: a server's port may be known only later. */
export const startProxy = async (target: () => number): Promise<Proxy> => {
  const links = new Set<Link>()
  let refusing = false
  let held: Direction | null = null
  let toLose = 0
  let lost = 0

  const end = (link: Link) => {
    links.delete(link)
    link.client.destroy()
    link.server.destroy()
  }

  const forward = (link: Link, direction: Direction) => {
    const [from, to] = direction === "requests" ? [link.client, link.server] : [link.server, link.client]
    from.on("data", (chunk) => {
      if (direction === "replies" && toLose > 0) {
        toLose--
        lost++
        return end(link)
      }
      if (!to.write(chunk)) from.pause()
    })
    to.on("drain", () => {
      if (held !== direction) from.resume()
    })
    from.on("end", () => to.end())
    if (held === direction) from.pause()
  }

  const listener = createServer((client) => {
    if (refusing) return client.destroy()
    const server = connect({ port: target(), host: "127.0.0.1", noDelay: true })
    const link = { client, server }
    links.add(link)
    client.setNoDelay(true)
    for (const socket of [client, server]) {
      socket.on("error", () => end(link))
      socket.on("close", () => end(link))
    }
    forward(link, "requests")
    forward(link, "replies")
  })
  const port = await listen(listener)

  const cut = () => {
    const all = [...links]
    for (const link of all) end(link)
    return all.length
  }

  return {
    port,
    pass: () => {
      refusing = false
      held = null
      toLose = 0
      for (const { client, server } of links) {
        client.resume()
        server.resume()
      }
    },
    cut,
    refuse: () => {
      refusing = true
      cut()
    },
    hold: (direction) => {
      held = direction
      for (const { client, server } of links) (direction === "requests" ? client : server).pause()
    },
    loseReplies: (count) => {
      toLose = count
    },
    lost: () => lost,
    close: () => {
      cut()
      listener.close()
    }
  }
}
