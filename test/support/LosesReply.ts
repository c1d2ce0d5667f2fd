import { Effect } from "effect"
import { connect, createServer } from "node:net"

/** A way to a server on this machine that loses one reply, the n-th of all, and its connection with it. */
export const losesReply = (port: number, n: number) =>
  Effect.acquireRelease(
    Effect.async<{ readonly port: number; readonly close: () => void; readonly replies: () => number }>((resume) => {
      let replies = 0
      const listener = createServer((client) => {
        const server = connect({ port, host: "127.0.0.1", noDelay: true })
        const end = () => {
          client.destroy()
          server.destroy()
        }
        client.on("data", (chunk) => server.write(chunk))
        server.on("data", (chunk) => {
          if (++replies === n) end()
          else client.write(chunk)
        })
        for (const socket of [client, server]) socket.on("error", end).on("close", end)
      })
      listener.listen(0, "127.0.0.1", () => {
        const address = listener.address() as { readonly port: number }
        resume(Effect.succeed({ port: address.port, close: () => listener.close(), replies: () => replies }))
      })
    }),
    (_) => Effect.sync(_.close)
  )
