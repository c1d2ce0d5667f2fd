import { Agent, type OutgoingHttpHeaders, request } from "node:http"

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | Array<string> | undefined>>
  /** Undefined when it was no JSON. */
  readonly body: unknown
}

/** Requests to one life of the gateway; a connection that breaks is a rejected promise. */
export interface Connection {
  readonly send: (
    method: "GET" | "POST",
    path: string,
    options?: { readonly headers?: OutgoingHttpHeaders; readonly body?: string }
  ) => Promise<Answer>
  readonly close: () => void
}

const limit = 15_000

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const connect = (port: number, authorization: string): Connection => {
  const agent = new Agent({ keepAlive: true })
  return {
    send: (method, path, { body, headers } = {}) =>
      new Promise((resolve, reject) => {
        const outgoing = request(
          { agent, host: "127.0.0.1", port, method, path, timeout: limit, headers: { authorization, ...headers } },
          (response) => {
            const chunks: Array<Buffer> = []
            response.on("data", (chunk: Buffer) => chunks.push(chunk))
            response.on("error", reject)
            response.on("aborted", () => reject(new Error("aborted")))
            response.on("end", () => {
              if (!response.complete) return reject(new Error("aborted"))
              const text = Buffer.concat(chunks).toString("utf8")
              resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parse(text) })
            })
          }
        )
        outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer in ${limit} ms`)))
        outgoing.on("error", reject)
        outgoing.end(body)
      }),
    close: () => agent.destroy()
  }
}
