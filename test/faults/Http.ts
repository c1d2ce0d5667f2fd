import { Agent, type OutgoingHttpHeaders, request } from "node:http"

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | Array<string> | undefined>>
  /** Undefined when it was no JSON. */
  readonly body: unknown
}

const agent = new Agent({ keepAlive: true, maxFreeSockets: 64, timeout: 60_000 })

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** One request on a kept connection; a broken connection, or no answer within `limit` ms, is a rejected promise. */
export const ask = (options: {
  readonly port: number
  readonly method: "GET" | "POST"
  readonly path: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string
  readonly limit: number
}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { body, headers = {}, limit, method, path, port } = options
    const outgoing = request({ agent, host: "127.0.0.1", port, method, path, headers }, (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("error", reject)
      response.on("aborted", () => reject(new Error("aborted")))
      response.on("end", () => {
        if (!response.complete) return reject(new Error("aborted"))
        const text = Buffer.concat(chunks).toString("utf8")
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parse(text) })
      })
    })
    const timer = setTimeout(() => outgoing.destroy(new Error(`no answer in ${limit} ms`)), limit)
    outgoing.on("close", () => clearTimeout(timer))
    outgoing.on("error", reject)
    outgoing.end(body)
  })

export const basic = (username: string, secret: string): string =>
  `Basic ${Buffer.from(`${username}:${secret}`).toString("base64")}`
