import { afterAll, afterEach, assert, beforeAll, vi } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { Effect } from "effect"
import { Agent, request } from "node:http"
import { join } from "node:path"
import { containsCardNumber } from "../../src/domain/CardNumberInText.ts"
import { type GatewayOptions, type RunningGateway, startGateway } from "./GatewayProcess.ts"
import { deadline, type HttpAnswer, within } from "./HttpConnection.ts"
import { type AuditJson, holder, transaction, type TransactionJson } from "./HttpSamples.ts"

// a busy machine is slow, not wrong; what must be soon says so itself
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

/** `account_id:secret`, as `curl -u` takes it. */
export type Credential = string

export interface Call {
  readonly as?: Credential
  /** Several lines of one header are an array. */
  readonly headers?: Readonly<Record<string, string | ReadonlyArray<string>>>
  /** Bytes and text as they are, anything else as JSON. */
  readonly body?: unknown
  readonly port?: number
}

export const basic = (credential: Credential): string => `Basic ${Buffer.from(credential, "utf8").toString("base64")}`

export const accountOf = (credential: Credential): string => credential.slice(0, credential.indexOf(":"))
export const secretOf = (credential: Credential): string => credential.slice(credential.indexOf(":") + 1)

/** A request as it stands on the wire. */
export const requestBytes = (
  method: string,
  path: string,
  { as, body = "", headers = {} }: { as?: Credential; body?: string; headers?: Readonly<Record<string, string>> } = {}
): string =>
  [
    `${method} ${path} HTTP/1.1`,
    "Host: gateway",
    ...(as === undefined ? [] : [`Authorization: ${basic(as)}`]),
    ...(body === "" ? [] : ["Content-Type: application/json", `Content-Length: ${Buffer.byteLength(body)}`]),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    "",
    body
  ].join("\r\n")

export const jsonOf = <A>(answer: HttpAnswer): A => JSON.parse(answer.text) as A
export const transactionOf = (answer: HttpAnswer) => jsonOf<TransactionJson>(answer)

/** Asks until the answer is yes. */
export const eventually = async <A>(
  what: string,
  ask: () => Promise<A> | A,
  isTrue: (answer: A) => boolean,
  milliseconds = deadline
): Promise<A> => {
  const until = performance.now() + milliseconds
  for (;;) {
    const answer = await ask()
    if (isTrue(answer)) return answer
    if (performance.now() > until) throw new Error(`${what} did not become true, but stayed ${JSON.stringify(answer)}`)
    await new Promise((resolve) => {
      setTimeout(resolve, 5)
    })
  }
}

/** Why this text must not be in a log, a metric or a page; null when it may be. */
export const leakIn = (text: string, sent: Iterable<string> = []): string | null => {
  if (/\bsk_[0-9a-f]{8}/.test(text)) return "a secret"
  if (/\bop_the-operator/.test(text)) return "the operator's secret"
  if (/\bBasic [A-Za-z0-9+/]{8}/i.test(text)) return "a credential"
  if (/\bcvv\b/i.test(text)) return "a CVV"
  if (text.includes(holder)) return "a holder"
  if (containsCardNumber(text)) return "a card number"
  for (const value of sent) if (text.includes(value)) return `what a client sent: ${value}`
  return null
}

export type Gateway = Awaited<ReturnType<typeof openGateway>>

export const openGateway = async (options?: GatewayOptions) => {
  const { close, running } = await startGateway(options)
  const agent = new Agent({ keepAlive: true })
  const sent = new Set<string>()
  const operator: Credential = `operator:${running.operatorSecret}`

  const call = (method: string, path: string, { as, body, headers = {}, port = running.port }: Call = {}) =>
    within(
      new Promise<HttpAnswer>((resolve, reject) => {
        const bytes = body === undefined || typeof body === "string" || body instanceof Uint8Array
          ? body
          : JSON.stringify(body)
        const sending = request({ agent, host: "127.0.0.1", port, method, path, setHost: true }, (message) => {
          const chunks: Array<Buffer> = []
          message.on("data", (chunk: Buffer) => chunks.push(chunk))
          message.on("error", reject)
          message.on("end", () => {
            const head = [`HTTP/1.1 ${message.statusCode} ${message.statusMessage}`]
            for (let i = 0; i < message.rawHeaders.length; i += 2) {
              head.push(`${message.rawHeaders[i]}: ${message.rawHeaders[i + 1]}`)
            }
            resolve({
              status: message.statusCode!,
              headers: Object.fromEntries(
                Object.entries(message.headers).map(([name, value]) => [name, String(value)])
              ),
              head: head.join("\r\n"),
              text: Buffer.concat(chunks).toString("utf8"),
              interim: []
            })
          })
        })
        sending.on("error", reject)
        if (as !== undefined) sending.setHeader("authorization", basic(as))
        if (bytes !== undefined) sending.setHeader("content-type", "application/json")
        for (const [name, value] of Object.entries(headers)) {
          sending.setHeader(name, typeof value === "string" ? value : [...value])
        }
        sending.end(bytes)
      }),
      `an answer to ${method} ${path}`
    )

  const createAccount = async (name = "Canaryname"): Promise<Credential> => {
    const created = await call("POST", "/v1/accounts", { as: operator, body: { name } })
    assert.strictEqual(created.status, 201, created.text)
    const { id, secret } = jsonOf<{ readonly id: string; readonly secret: string }>(created)
    return `${id}:${secret}`
  }

  const audit = async () => jsonOf<AuditJson>(await call("GET", "/v1/operator/audit", { as: operator }))

  const metrics = async () => (await call("GET", "/metrics", { port: running.managementPort })).text

  /** The value of a metric without labels. */
  const metric = async (name: string) => Number(new RegExp(`^${name} (.+)$`, "m").exec(await metrics())?.[1])

  const count = (table: "submissions" | "accounts"): number => {
    const database = new Sqlite(join(running.dataDir, "gateway.sqlite"), { readonly: true })
    try {
      return database.prepare(`SELECT COUNT(*) FROM ${table}`).pluck().get() as number
    } finally {
      database.close()
    }
  }

  const submit = (as: Credential, body: unknown = transaction(), headers: Call["headers"] = {}) =>
    call("POST", "/v1/transactions", { as, body, headers })

  return {
    ...running,
    operator,
    agent,
    call,
    createAccount,
    audit,
    metrics,
    metric,
    submit,
    /** Waits for the decision. */
    decide: (as: Credential, body: unknown = transaction(), headers: Call["headers"] = {}) =>
      submit(as, body, { prefer: "wait=20", ...headers }),
    submissions: () => count("submissions"),
    /** Everything that a request may make. */
    rows: () => count("submissions") + count("accounts"),
    /** Remembers what must be in no log, whatever it is. */
    secret: <A extends string>(value: A): A => {
      sent.add(value)
      return value
    },
    assertNothingLeaked: () => {
      for (const line of running.logged) assert.isNull(leakIn(line, sent), `leaked into a log: ${line}`)
    },
    /** As healthy as before: it lives, decides, owes nobody an answer, and its accounts are in order. */
    assertHealthy: async () => {
      running.controls.release()
      running.controls.storage = "up"
      assert.isNull(await Effect.runPromise(running.death), "a daemon died")
      assert.strictEqual((await call("GET", "/livez")).status, 200)
      const decided = await call("POST", "/v1/transactions", {
        as: await createAccount(),
        body: transaction(),
        headers: { prefer: "wait=20" }
      })
      assert.strictEqual(decided.status, 201, decided.text)
      await eventually("no request in hand", () => metric("http_server_active_requests"), (_) => _ === 0)
      await eventually("no request waiting", () => metric("gateway_waiting_requests"), (_) => _ === 0)
      const { accepted, holds, parked } = await eventually("everything decided", audit, (_) => _.undecided === 0)
      assert.deepStrictEqual({ accepted, holds, parked }, { accepted: count("submissions"), holds: true, parked: 0 })
      // a value may have any digits
      const labels = (await metrics()).replaceAll(/ [-+.\de]+$/gim, "")
      assert.isNull(leakIn(labels, sent), "leaked into a metric")
    },
    /** Ends it as a signal would. */
    close: async () => {
      await close()
      agent.destroy()
    }
  }
}

/** One gateway for a file of tests: after each of them its logs are searched, after all of them its health is proved. */
export const useGateway = (options?: GatewayOptions): () => Gateway => {
  let gateway: Gateway | undefined
  beforeAll(async () => {
    gateway = await openGateway(options)
  })
  afterEach(() => gateway?.assertNothingLeaked())
  afterAll(async () => {
    try {
      await gateway?.assertHealthy()
    } finally {
      await gateway?.close()
    }
    gateway?.assertNothingLeaked()
  })
  return () => gateway!
}

export type { RunningGateway }
