import { setTimeout as sleep } from "node:timers/promises"
import type { Random } from "../crash/Random.ts"
import type { Counts } from "./Counts.ts"
import type { History, Told } from "./History.ts"
import { type Answer, ask } from "./Http.ts"
import { drawAmount, drawCard, encodeRequest, type RequestFacts } from "./Requests.ts"

export interface Credential {
  readonly account: string
  readonly authorization: string
}

interface Transaction extends RequestFacts {
  readonly index: number
  readonly credential: Credential
  readonly key: string | null
  id: string | null
  /** Answered or not: the next one goes to another intake. */
  lastIntake: number
}

interface Resource {
  readonly id: string
  readonly status: string
  readonly error: { readonly code: string } | null
  readonly decided_at: string | null
}

const told = ({ decided_at, error, status }: Resource): Told => ({
  status,
  reason: error?.code ?? null,
  decidedAt: decided_at
})

const path = "/v1/transactions"
/** ms; a client asks again then, elsewhere. */
const patience = 5_000
/** Requests at one time; what would be more is not sent. */
const mostAtOnce = 300
/** Ids and transactions that are remembered for reads and repeats. */
const remembered = 3_000

/** Clients that send transactions whose decision is known beforehand, to whichever intake there is. */
export interface Load {
  /** Sends `rate` requests a second until `stop`. */
  readonly start: (rate: number) => void
  readonly stop: () => Promise<void>
  /** Repeats everything that has a key and no answer; false when there is still one after `limit` ms. */
  readonly settle: (limit: number) => Promise<boolean>
  readonly accepted: () => number
  readonly unknown: () => number
  /** Of all transactions that were answered lately, one that has a reference like this. */
  readonly recentId: (random: Random) => string | null
}

/**
 * What it is about to send and what it was answered stands in the history before anything else is done; a transaction
 * with a key whose outcome is unknown is asked again with the same key, at another intake.
 */
export const makeLoad = (options: {
  readonly name: string
  readonly history: History
  readonly counts: Counts
  readonly random: Random
  readonly ports: ReadonlyArray<number>
  readonly credentials: ReadonlyArray<Credential>
}): Load => {
  const { counts, credentials, history, name, ports, random } = options
  const unknown: Array<{ readonly transaction: Transaction; readonly from: number }> = []
  const answered: Array<Transaction> = []
  const ids: Array<{ readonly id: string; readonly credential: Credential }> = []
  let count = 0
  let accepted = 0
  let running = false
  let inFlight = 0
  let loop: Promise<void> = Promise.resolve()

  const remember = <A>(list: Array<A>, value: A) => {
    list.push(value)
    if (list.length > remembered) list.splice(0, remembered / 2)
  }

  const create = (): Transaction => {
    const index = count++
    const transaction: Transaction = {
      index,
      reference: `${name}-${index}`,
      key: random.chance(0.7) ? `key-${name}-${index}` : null,
      amount: drawAmount(random),
      card: drawCard(random),
      credential: random.pick(credentials),
      id: null,
      lastIntake: random.int(0, ports.length - 1)
    }
    const { amount, card, credential, key, reference } = transaction
    history.append({ _tag: "intent", transaction: index, account: credential.account, reference, key, amount, card })
    return transaction
  }

  const unexpected = (request: string, { body, status }: Answer) =>
    history.append({ _tag: "unexpected", what: `${request} was answered ${status} ${JSON.stringify(body)}` })

  const post = (transaction: Transaction, intake: number, facts: RequestFacts, wait: boolean) =>
    ask({
      port: ports[intake]!,
      method: "POST",
      path,
      body: encodeRequest(facts),
      headers: {
        authorization: transaction.credential.authorization,
        "content-type": "application/json",
        ...(transaction.key === null ? {} : { "idempotency-key": transaction.key }),
        ...(wait ? { prefer: "wait=2" } : {})
      },
      limit: patience
    })

  const submit = async (transaction: Transaction, intake: number) => {
    const { credential, index, key } = transaction
    transaction.lastIntake = intake
    const since = history.length()
    history.append({ _tag: "send", transaction: index, intake, at: Date.now() })
    counts.add("requests")
    const answer = await post(transaction, intake, transaction, random.chance(0.15)).catch((error: unknown) =>
      error instanceof Error ? error.message : String(error)
    )
    if (typeof answer === "string" || answer.status === 503) {
      const why = typeof answer === "string" ? answer : "503"
      counts.add(why === "503" ? "requests answered 503" : "requests without an answer")
      history.append({ _tag: "lost", transaction: index, why })
      if (key !== null) unknown.push({ transaction, from: performance.now() + random.int(200, 1_500) })
      return
    }
    if (answer.status !== 201 && answer.status !== 202) {
      return unexpected(`submitting ${transaction.reference}`, answer)
    }
    const resource = answer.body as Resource
    const replayed = answer.headers["idempotent-replayed"] === "true"
    history.append({ _tag: "answer", transaction: index, since, id: resource.id, replayed, told: told(resource) })
    counts.add(`requests answered ${answer.status}`)
    if (replayed) counts.add("repeats that were answered as such")
    if (transaction.id !== null) return
    transaction.id = resource.id
    accepted++
    remember(ids, { id: resource.id, credential })
    if (key !== null) remember(answered, transaction)
  }

  /** Another request under a key that is taken must be refused. */
  const reuse = async (transaction: Transaction) => {
    const intake = random.int(0, ports.length - 1)
    const facts = { ...transaction, amount: transaction.amount + 1 }
    const answer = await post(transaction, intake, facts, false).catch(() => null)
    if (answer === null || answer.status === 503) return
    const { code } = answer.body as { readonly code?: unknown }
    history.append({ _tag: "reuse", transaction: transaction.index, status: answer.status, code: String(code) })
    counts.add("keys used for another body")
  }

  const read = async ({ credential, id }: typeof ids[number]) => {
    const since = history.length()
    const answer = await ask({
      port: random.pick(ports),
      method: "GET",
      path: `${path}/${id}`,
      headers: { authorization: credential.authorization },
      limit: patience
    }).catch(() => null)
    if (answer === null || answer.status === 503) return
    const resource = answer.body as Resource
    if (answer.status !== 200 || resource.id !== id) return unexpected(`reading ${id}`, answer)
    history.append({ _tag: "read", since, id, told: told(resource) })
    counts.add("reads")
  }

  const elsewhere = (intake: number) => (intake + 1) % ports.length

  const takeUnknown = (): Transaction | undefined => {
    const at = unknown.findIndex(({ from }) => from <= performance.now())
    return at === -1 ? undefined : unknown.splice(at, 1)[0]!.transaction
  }

  const act = async (): Promise<unknown> => {
    const repeated = takeUnknown()
    if (repeated !== undefined) return submit(repeated, elsewhere(repeated.lastIntake))
    if (answered.length > 0 && random.chance(0.08)) {
      return submit(random.pick(answered), random.int(0, ports.length - 1))
    }
    if (answered.length > 0 && random.chance(0.02)) return reuse(random.pick(answered))
    if (ids.length > 0 && random.chance(0.1)) return read(random.pick(ids.slice(-500)))
    const transaction = create()
    const first = submit(transaction, transaction.lastIntake)
    if (transaction.key === null || !random.chance(0.08)) return first
    return Promise.all([first, submit(transaction, elsewhere(transaction.lastIntake))])
  }

  const send = () => {
    if (inFlight >= mostAtOnce) return
    inFlight++
    void act().finally(() => inFlight--)
  }

  const run = async (rate: number) => {
    const started = performance.now()
    for (let sent = 0; running;) {
      const due = Math.floor((performance.now() - started) * rate / 1_000)
      // a campaign that was held up itself does not catch up in one burst
      for (sent = Math.max(sent, due - rate); sent < due; sent++) send()
      await sleep(10)
    }
  }

  const untilIdle = async (limit: number) => {
    const until = performance.now() + limit
    while (inFlight > 0 && performance.now() < until) await sleep(20)
  }

  const stop = async () => {
    running = false
    await loop
    await untilIdle(2 * patience)
  }

  return {
    start: (rate) => {
      running = true
      loop = run(rate)
    },
    stop,
    settle: async (limit) => {
      const until = performance.now() + limit
      while (unknown.length > 0 || inFlight > 0) {
        if (performance.now() > until) return false
        const repeated = inFlight < mostAtOnce ? takeUnknown() : undefined
        if (repeated === undefined) {
          await sleep(20)
          continue
        }
        inFlight++
        void submit(repeated, elsewhere(repeated.lastIntake)).finally(() => inFlight--)
      }
      return true
    },
    accepted: () => accepted,
    unknown: () => unknown.length,
    recentId: (chance) => ids.length === 0 ? null : chance.pick(ids.slice(-50)).id
  }
}
