import { Effect } from "effect"
import { spawn } from "node:child_process"
import { Agent, request as httpRequest } from "node:http"
import { createServer } from "node:net"
import { eventually } from "./LayersEventually.ts"

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly body: string
}

export interface HttpQuestion {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

const freePort = Effect.async<number>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** The gateway as a process of its own, from its sources; everything that it prints is kept. */
export const gatewayProcess = Effect.fnUntraced(function*(environment: Readonly<Record<string, string>>) {
  const [port, managementPort] = [yield* freePort, yield* freePort]
  const printed = { out: "", errors: "" }
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, ["--import", "tsx", "src/main.ts"], {
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          PATH: process.env["PATH"],
          PORT: `${port}`,
          MANAGEMENT_PORT: `${managementPort}`,
          LOG_FORMAT: "json",
          LOG_LEVEL: "debug",
          ...environment
        }
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  let ended: string | null = null
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed.out += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (printed.errors += text))
  child.on("close", (code, signal) => (ended = `${signal ?? code}`))

  const agent = yield* Effect.acquireRelease(
    Effect.sync(() => new Agent({ keepAlive: true, maxSockets: 32 })),
    (_) => Effect.sync(() => _.destroy())
  )
  const ask = ({ body, headers = {}, method = "GET", path }: HttpQuestion, to = port) =>
    Effect.async<HttpAnswer, NodeJS.ErrnoException>((resume) => {
      const request = httpRequest(
        { host: "127.0.0.1", port: to, path, method, headers: { ...headers }, agent },
        (answer) => {
          let text = ""
          answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk))
          answer.on(
            "end",
            () => resume(Effect.succeed({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }))
          )
        }
      )
      request.on("error", (error) => resume(Effect.fail(error)))
      request.end(body)
      return Effect.sync(() => request.destroy())
    })

  yield* eventually(
    "the gateway is ready",
    Effect.orElseSucceed(Effect.map(ask({ path: "/readyz" }), (_) => _.status), () => ended ?? 0),
    (_) => _ === 200,
    undefined,
    30_000
  )
  return {
    printed,
    ask,
    askManagement: (path: string) => ask({ path }, managementPort),
    /** Ends it as an orchestrator would, and answers how it ended. */
    stop: Effect.zipRight(
      Effect.sync(() => child.kill("SIGTERM")),
      eventually("the gateway ends", Effect.sync(() => ended), (_) => _ !== null, undefined, 20_000)
    )
  }
})
