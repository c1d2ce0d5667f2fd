import { setTimeout as sleep } from "node:timers/promises"
import type { History, Told } from "./History.ts"
import { type Answer, connect } from "./Http.ts"
import type { Random } from "./Random.ts"

/** The limits of design.md, section 4, written once more: the checker must not take them from what it checks. */
const smallest = 100
const largest = 100_000

interface CardCase {
  readonly number: string
  readonly cvv: string
  readonly month?: number
  readonly year?: number
  /** Null for a valid card. */
  readonly reason: string | null
}

const validCards: ReadonlyArray<CardCase> = [
  { number: "4242424242424242", cvv: "123", reason: null },
  { number: "5555 5555 5555 4444", cvv: "123", reason: null },
  { number: "378282246310005", cvv: "1234", reason: null }
]

const refusedCards: ReadonlyArray<CardCase> = [
  { number: "4242424242424241", cvv: "123", reason: "invalid_number" },
  { number: "9000000000000001", cvv: "123", reason: "card_brand_not_supported" },
  { number: "4242424242424242", cvv: "123", month: 13, reason: "invalid_expiry_month" },
  { number: "4242424242424242", cvv: "123", year: 2999, reason: "invalid_expiry_year" },
  { number: "4242424242424242", cvv: "123", year: 2020, reason: "expired_card" },
  { number: "378282246310005", cvv: "123", reason: "invalid_cvv" }
]

const nextYear = new Date().getUTCFullYear() + 2

interface Transaction {
  readonly index: number
  readonly reference: string
  readonly key: string | null
  readonly amount: number
  readonly card: CardCase
  id: string | null
}

const encode = ({ amount, card, reference }: Transaction) =>
  JSON.stringify({
    amount,
    card: {
      number: card.number,
      holder: "Ada Lovelace",
      exp_month: card.month ?? 12,
      exp_year: card.year ?? nextYear,
      cvv: card.cvv
    },
    reference,
    metadata: { campaign: "crash" }
  })

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
const workers = 8

/** A client's requests to one life of the gateway. */
export interface Session {
  /** Sends, first without a pause, then slowly, until the gateway is gone or `close`. */
  readonly load: () => Promise<void>
  /** Repeats what has a key and no answer until it has one, and sends a few new ones. */
  readonly settle: () => Promise<void>
  readonly isGone: () => boolean
  readonly close: () => void
}

export interface Client {
  readonly open: (port: number, authorization: string) => Session
  readonly sent: () => number
}

/**
 * Sends transactions whose decision is known beforehand. What it is about to send and what it was answered stands in
 * its history before anything else is done.
 */
export const makeClient = (options: {
  readonly name: string
  readonly history: History
  readonly random: Random
}): Client => {
  const { history, name, random } = options
  /** With a key, and no answer yet: to be repeated. */
  const unknown = new Set<Transaction>()
  /** With a key and an answer. */
  const answered: Array<Transaction> = []
  const ids: Array<string> = []
  let count = 0

  const drawAmount = () => {
    if (random.chance(0.1)) return random.pick([smallest - 1, smallest, largest, largest + 1, 0, -500])
    return random.chance(0.2) ? random.int(largest + 1, 10 * largest) : random.int(smallest, largest)
  }

  const reasonOf = ({ amount, card }: Pick<Transaction, "amount" | "card">) => {
    if (card.reason !== null) return card.reason
    if (amount < smallest) return "amount_too_small"
    return amount > largest ? "amount_too_large" : null
  }

  const create = (): Transaction => {
    const index = count++
    const transaction: Transaction = {
      index,
      reference: `${name}-${index}`,
      key: random.chance(0.45) ? `key-${name}-${index}` : null,
      amount: drawAmount(),
      card: random.pick(random.chance(0.75) ? validCards : refusedCards),
      id: null
    }
    const reason = reasonOf(transaction)
    const { amount, key, reference } = transaction
    history.append({
      _tag: "intent",
      transaction: index,
      reference,
      key,
      amount,
      status: reason === null ? "approved" : "rejected",
      reason
    })
    return transaction
  }

  const open = (port: number, authorization: string): Session => {
    const connection = connect(port, authorization)
    let gone = false
    let closed = false

    const unexpected = (request: string, { body, status }: Answer) =>
      history.append({ _tag: "unexpected", what: `${request} was answered ${status} ${JSON.stringify(body)}` })

    /** Null when the connection broke. */
    const ask = async (...request: Parameters<typeof connection.send>): Promise<Answer | null> => {
      try {
        return await connection.send(...request)
      } catch {
        gone = true
        return null
      }
    }

    const submit = async (transaction: Transaction) => {
      const { index, key } = transaction
      const since = history.length()
      const answer = await ask("POST", path, {
        body: encode(transaction),
        headers: {
          "content-type": "application/json",
          ...(key === null ? {} : { "idempotency-key": key }),
          ...(random.chance(0.15) ? { prefer: "wait=1" } : {})
        }
      })
      if (answer === null || answer.status === 503) {
        history.append({ _tag: "lost", transaction: index })
        if (key !== null) unknown.add(transaction)
        return
      }
      if (answer.status !== 201 && answer.status !== 202) {
        return unexpected(`submitting ${transaction.reference}`, answer)
      }
      const resource = answer.body as Resource
      history.append({ _tag: "answer", transaction: index, since, id: resource.id, told: told(resource) })
      unknown.delete(transaction)
      if (transaction.id !== null) return
      transaction.id = resource.id
      ids.push(resource.id)
      if (key !== null) answered.push(transaction)
    }

    /** Another request under a key that is taken must be refused. */
    const reuse = async (transaction: Transaction) => {
      const answer = await ask("POST", path, {
        body: encode({ ...transaction, amount: transaction.amount + 1 }),
        headers: { "content-type": "application/json", "idempotency-key": transaction.key! }
      })
      if (answer !== null && answer.status !== 422 && answer.status !== 503) {
        unexpected(`another request under the key of ${transaction.reference}`, answer)
      }
    }

    const read = async (id: string) => {
      const since = history.length()
      const answer = await ask("GET", `${path}/${id}`)
      if (answer === null || answer.status === 503) return
      const resource = answer.body as Resource
      if (answer.status !== 200 || resource.id !== id) return unexpected(`reading ${id}`, answer)
      history.append({ _tag: "read", since, id, told: told(resource) })
    }

    const takeUnknown = (): Transaction | undefined => {
      const [transaction] = unknown
      if (transaction !== undefined) unknown.delete(transaction)
      return transaction
    }

    const act = async () => {
      const repeated = takeUnknown()
      if (repeated !== undefined) return submit(repeated)
      if (answered.length > 0 && random.chance(0.1)) return submit(random.pick(answered))
      if (answered.length > 0 && random.chance(0.03)) return reuse(random.pick(answered))
      if (ids.length > 0 && random.chance(0.12)) return read(random.pick(ids.slice(-200)))
      const transaction = create()
      if (transaction.key === null || !random.chance(0.1)) return submit(transaction)
      await Promise.all([submit(transaction), submit(transaction)])
    }

    const load = async () => {
      let burst = random.int(20, 80)
      const work = async () => {
        while (!gone && !closed) {
          await act()
          if (--burst > 0 ? random.chance(0.3) : true) await sleep(burst > 0 ? random.int(1, 6) : random.int(40, 80))
        }
      }
      await Promise.all(Array.from({ length: workers }, work))
    }

    const settle = async () => {
      for (let transaction = takeUnknown(); transaction !== undefined && !gone; transaction = takeUnknown()) {
        await submit(transaction)
      }
      for (let i = 0; i < 20 && !gone; i++) await act()
    }

    return {
      load,
      settle,
      isGone: () => gone,
      close: () => {
        closed = true
        connection.close()
      }
    }
  }

  return { open, sent: () => count }
}
