import { Effect } from "effect"
import { connect, createServer } from "node:net"
import type { Fault, Faults } from "./LayersFaultySqlite.ts"

/** The first bytes of what a client of MySQL asks for, behind the length and the number of its packet. */
const [query, prepare, execute] = [0x03, 0x16, 0x17]

/**
 * A way to a MySQL server on this machine that understands as much of what passes as its faults need: which statement is
 * carried out, as text or prepared before. A client asks, and asks again only when it was answered.
 */
export const faultyMysql = (port: number) =>
  Effect.acquireRelease(
    Effect.async<Faults & { readonly port: number; readonly close: () => void }>((resume) => {
      const faults: Array<{ readonly is: RegExp; readonly fault: Fault }> = []
      const listener = createServer((client) => {
        const server = connect({ port, host: "127.0.0.1", noDelay: true })
        const prepared = new Map<number, string>()
        let preparing: string | undefined
        let loseAnswer = false
        const end = () => {
          client.destroy()
          server.destroy()
        }
        const statementOf = (chunk: Buffer) => {
          // MySQL puts the count of a query's attributes before its text
          if (chunk[4] === query) return chunk.toString("utf8", chunk[5] === 0 ? 7 : 5)
          if (chunk[4] === prepare) preparing = chunk.toString("utf8", 5)
          return chunk[4] === execute ? prepared.get(chunk.readUInt32LE(5)) : undefined
        }
        client.on("data", (chunk) => {
          const statement = chunk.length > 8 ? statementOf(chunk) : undefined
          const next = faults[0]
          if (statement !== undefined && next?.is.test(statement)) {
            faults.shift()
            if (next.fault === "not carried out") return end()
            loseAnswer = true
          }
          server.write(chunk)
        })
        server.on("data", (chunk) => {
          if (loseAnswer) return end()
          if (preparing !== undefined && chunk[4] === 0) prepared.set(chunk.readUInt32LE(5), preparing)
          preparing = undefined
          client.write(chunk)
        })
        for (const socket of [client, server]) socket.on("error", end).on("close", end)
      })
      listener.listen(0, "127.0.0.1", () => {
        const address = listener.address() as { readonly port: number }
        resume(Effect.succeed({
          port: address.port,
          close: () => listener.close(),
          next: (is, ...all) => void faults.push(...all.map((fault) => ({ is, fault }))),
          left: () => faults.length
        }))
      })
    }),
    (_) => Effect.sync(_.close)
  )
