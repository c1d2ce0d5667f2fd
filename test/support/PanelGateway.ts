import { afterAll, assert, beforeAll } from "@effect/vitest"
import { existsSync } from "node:fs"
import { Agent } from "node:http"
import { join } from "node:path"
import {
  type Call,
  call,
  demoOf,
  eventually,
  folder,
  type MainProcess,
  operatorOf,
  ownerOfSuite,
  serves,
  start,
  stop
} from "../main/MainProcess.ts"
import { type ListJson, transaction, type TransactionJson } from "./HttpSamples.ts"

/** `account_id:secret`. */
type Credential = string

/** As CARD_KEYS has it; the same name is the same key. */
export const cardKeys = (...names: ReadonlyArray<string>): string =>
  names.map((name) => `${name}:${Buffer.alloc(32, name).toString("base64")}`).join(",")

export type Fields = Readonly<Record<string, unknown>>

export interface Simulated {
  readonly decision_delay_ms?: number
  readonly redeliver?: boolean
  readonly log?: "up" | "down"
}

const jsonOf = <A>(
  { status, text }: { readonly status: number; readonly text: string },
  ...expected: Array<number>
): A => {
  assert.include(expected, status, text)
  return JSON.parse(text) as A
}

/** A gateway in a process of its own that serves its panel; it can be killed, and started again on its port. */
export class PanelGateway {
  #dataDir: string | undefined
  readonly agent = new Agent({ keepAlive: true, maxSockets: 64 })
  readonly #owner = ownerOfSuite()
  #process: MainProcess | undefined
  #port = 0

  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const started = await start(this.#owner, {
      dataDir: this.dataDir,
      env: { RATE_LIMIT: "0", LOG_LEVEL: "warning", PORT: String(this.#port), ...env }
    })
    this.#process = started
    if (!await serves(started)) throw new Error((await started.ended).stderr)
    this.#port = await started.port
    await eventually(
      "the demo account",
      () => existsSync(join(this.dataDir, "demo-credential.json")),
      (_) => _
    )
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    await stop(this.#process!, "SIGKILL")
  }

  get dataDir(): string {
    return this.#dataDir ??= join(folder(this.#owner), "data")
  }
  get port(): number {
    return this.#port
  }
  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }
  /** The demo account's. */
  get demo(): Credential {
    return demoOf(this.dataDir)
  }
  get operator(): Credential {
    return operatorOf(this.dataDir)
  }

  call(method: string, path: string, options: Call = {}) {
    return call(this.#port, method, path, { agent: this.agent, ...options })
  }

  /** Sends a transaction as curl would. */
  async send(as: Credential, changes: Fields = {}, cardChanges: Fields = {}): Promise<TransactionJson> {
    const body = transaction(changes, cardChanges)
    return jsonOf(await this.call("POST", "/v1/transactions", { as, body }), 201, 202)
  }

  /** The same, and waits for its decision. */
  async decide(as: Credential, changes: Fields = {}, cardChanges: Fields = {}): Promise<TransactionJson> {
    const { id } = await this.send(as, changes, cardChanges)
    return eventually(`a decision of ${id}`, () => this.find(as, id), (_) => _.status !== "processing")
  }

  async find(as: Credential, id: string): Promise<TransactionJson> {
    return jsonOf(await this.call("GET", `/v1/transactions/${id}`, { as }), 200)
  }

  /** All of them, newest first. */
  async list(as: Credential, query = ""): Promise<ReadonlyArray<TransactionJson>> {
    const all: Array<TransactionJson> = []
    let after: string | null = null
    do {
      const path: string = `/v1/transactions?limit=100${after === null ? "" : `&starting_after=${after}`}${query}`
      const page: ListJson = jsonOf(await this.call("GET", path, { as }), 200)
      all.push(...page.data)
      after = page.has_more ? page.next : null
    } while (after !== null)
    return all
  }

  async createAccount(name = "An account"): Promise<Credential> {
    const made = jsonOf<{ readonly id: string; readonly secret: string }>(
      await this.call("POST", "/v1/accounts", { as: this.operator, body: { name } }),
      201
    )
    return `${made.id}:${made.secret}`
  }

  /** Another secret of the account, which may only read. */
  async readOnly(account: Credential): Promise<Credential> {
    const id = account.slice(0, account.indexOf(":"))
    const made = jsonOf<{ readonly secret: string }>(
      await this.call("POST", "/v1/account/secrets", { as: account, body: { scope: "read_only" } }),
      201
    )
    return `${id}:${made.secret}`
  }

  async disable(account: Credential): Promise<void> {
    const id = account.slice(0, account.indexOf(":"))
    jsonOf(await this.call("PATCH", `/v1/accounts/${id}`, { as: this.operator, body: { disabled: true } }), 200)
  }

  /**
   * Accepts transactions, and starts again without the key that sealed their cards: they are parked.
   *
   * @param env of the start that follows
   */
  async park(as: Credential, count: number, env: Readonly<Record<string, string>>): Promise<ReadonlyArray<string>> {
    await this.simulate({ decision_delay_ms: 600_000 })
    const ids: Array<string> = []
    for (let i = 0; i < count; i++) ids.push((await this.send(as, { reference: `parked ${i}` })).id)
    await this.kill()
    await this.start(env)
    await eventually(
      "they are parked",
      async () => (await this.call("GET", "/v1/operator/parked", { as: this.operator })).text,
      (text) => ids.every((id) => text.includes(id))
    )
    return ids
  }

  async simulate(changes: Simulated): Promise<void> {
    jsonOf(await this.call("PATCH", "/v1/operator/simulation", { as: this.operator, body: changes }), 200)
  }

  /** As before any simulation. */
  calm(): Promise<void> {
    return this.simulate({ decision_delay_ms: 0, redeliver: false, log: "up" })
  }

  /**
   * A steady load until it is stopped; answers the ids that were accepted.
   *
   * @param rate transactions per second
   */
  load(as: Credential, rate: number, body: (index: number) => Fields = () => transaction()) {
    const ids: Array<string> = []
    const pending = new Set<Promise<void>>()
    let sent = 0
    const started = performance.now()
    const timer = setInterval(() => {
      const due = Math.floor((performance.now() - started) * rate / 1000)
      while (sent < due && pending.size < 64) {
        const index = sent++
        const one: Promise<void> = this.call("POST", "/v1/transactions", { as, body: body(index) }).then(
          ({ status, text }) => {
            if (status === 202 || status === 201) ids.push((JSON.parse(text) as TransactionJson).id)
          },
          // a killed gateway answers nothing: what it accepted all the same is in its list
          () => {}
        ).finally(() => pending.delete(one))
        pending.add(one)
      }
    }, 2)
    return {
      ids,
      stop: async (): Promise<ReadonlyArray<string>> => {
        clearInterval(timer)
        await Promise.all(pending)
        return ids
      }
    }
  }

  async end(): Promise<void> {
    this.agent.destroy()
    await this.#owner.end()
  }
}

/** One gateway for a file of tests. */
export const usePanelGateway = (env: Readonly<Record<string, string>> = {}): () => PanelGateway => {
  let gateway: PanelGateway | undefined
  beforeAll(async () => {
    gateway = new PanelGateway()
    await gateway.start(env)
  })
  afterAll(() => gateway?.end())
  return () => gateway!
}
