import { createPool, type Pool, type RowDataPacket } from "mysql2/promise"

/** Both databases, read beside the roles and without their code. Instants are ms since the epoch. */

export interface DecisionRow {
  readonly id: string
  readonly account_id: string
  readonly amount: number
  readonly currency: string
  readonly status: string
  readonly reason: string | null
  readonly accepted_at: number
  readonly decided_at: number
}

export interface SubmissionRow {
  readonly id: string
  readonly account_id: string
  readonly amount: number
  readonly currency: string
  readonly cvv_shape: string
  readonly sealed_card: string | null
  readonly reference: string | null
  readonly idempotency_key: string | null
  readonly accepted_at: number
  readonly resend_at: number | null
  readonly resends: number
  readonly status: string | null
  readonly reason: string | null
  readonly decided_at: number | null
  readonly parked_at: number | null
  readonly parked_count: number
}

export interface Undecided {
  readonly undecided: number
  readonly parked: number
}

/** Each answer is a rejected promise after this many ms. */
const limit = 30_000
const step = 20_000

export interface Stores {
  readonly decisions: () => Promise<ReadonlyArray<DecisionRow>>
  readonly submissions: () => Promise<ReadonlyArray<SubmissionRow>>
  readonly undecided: () => Promise<Undecided>
  /** Some that have no decision after so many ms, the newest first. */
  readonly someUndecided: (count: number, after: number) => Promise<ReadonlyArray<SubmissionRow>>
  readonly find: (id: string) => Promise<SubmissionRow | null>
  readonly count: () => Promise<{ readonly submissions: number; readonly decisions: number }>
  readonly run: (database: "gateway" | "processor", statement: string) => Promise<void>
}

const submissionColumns = `id, account_id, amount, currency, cvv_shape, sealed_card, reference, idempotency_key,
  accepted_at, resend_at, resends, status, reason, decided_at, parked_at, parked_count`
const decisionColumns = "id, account_id, amount, currency, status, reason, accepted_at, decided_at"

const within = async <A>(work: Promise<A>): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`a database did not answer in ${limit} ms`)), limit)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Opened anew for each use: the servers are killed and paused, and an old connection would not know. */
const using = async <A>(url: string, use: (pool: Pool) => Promise<A>): Promise<A> => {
  const pool = createPool({ uri: url, connectionLimit: 1, connectTimeout: 10_000, supportBigNumbers: true })
  try {
    return await within(use(pool))
  } finally {
    void pool.end().catch(() => {})
  }
}

const query = async <Row>(pool: Pool, statement: string, values: ReadonlyArray<string> = []) => {
  const [rows] = await pool.query<Array<RowDataPacket>>(statement, [...values])
  return rows as unknown as ReadonlyArray<Row>
}

/** All rows in the order of ids, in steps, each of them by itself: without a primary key an id may come twice. */
const walk = async <Row extends { readonly id: string }>(pool: Pool, columns: string, table: string) => {
  const all: Array<Row> = []
  for (let after = "";;) {
    const [last] = await query<{ readonly id: string }>(
      pool,
      `SELECT id FROM ${table} WHERE id > ? ORDER BY id LIMIT 1 OFFSET ${step}`,
      [after]
    )
    const rows = last === undefined
      ? await query<Row>(pool, `SELECT ${columns} FROM ${table} WHERE id > ? ORDER BY id`, [after])
      : await query<Row>(pool, `SELECT ${columns} FROM ${table} WHERE id > ? AND id <= ? ORDER BY id`, [after, last.id])
    all.push(...rows)
    if (last === undefined) return all
    after = last.id
  }
}

export const openStores = (
  { gateway, processor }: { readonly gateway: string; readonly processor: string }
): Stores => ({
  decisions: () => using(processor, (pool) => walk<DecisionRow>(pool, decisionColumns, "transactions")),
  submissions: () => using(gateway, (pool) => walk<SubmissionRow>(pool, submissionColumns, "submissions")),
  undecided: () =>
    using(gateway, async (pool) => {
      const [row] = await query<Undecided>(
        pool,
        "SELECT COUNT(*) AS undecided, COUNT(parked_at) AS parked FROM submissions WHERE status IS NULL"
      )
      return { undecided: Number(row!.undecided), parked: Number(row!.parked) }
    }),
  someUndecided: (count, after) =>
    using(gateway, (pool) =>
      query<SubmissionRow>(
        pool,
        `SELECT ${submissionColumns} FROM submissions WHERE status IS NULL AND accepted_at < ${
          Date.now() - after
        } ORDER BY id DESC LIMIT ${count}`
      )),
  find: (id) =>
    using(gateway, async (pool) => {
      const [row] = await query<SubmissionRow>(pool, `SELECT ${submissionColumns} FROM submissions WHERE id = ?`, [id])
      return row ?? null
    }),
  count: async () => {
    const countOf = (url: string, table: string) =>
      using(url, async (pool) => {
        const [row] = await query<{ readonly rows: number }>(pool, `SELECT COUNT(*) AS \`rows\` FROM ${table}`)
        return Number(row!.rows)
      })
    return { submissions: await countOf(gateway, "submissions"), decisions: await countOf(processor, "transactions") }
  },
  run: (database, statement) =>
    using(database === "gateway" ? gateway : processor, async (pool) => {
      await pool.query(statement)
    })
})
