import type { HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
import type { account } from "./AccountApi.ts"
import type { HeaderName } from "./OpenApiHeaders.ts"
import type { operator } from "./OperatorApi.ts"
import type { session } from "./SessionApi.ts"
import type { transactions } from "./TransactionApi.ts"

type Endpoints = HttpApiGroup.HttpApiGroup.Endpoints<
  typeof transactions | typeof account | typeof session | typeof operator
>
export type EndpointName = HttpApiEndpoint.HttpApiEndpoint.Name<Endpoints>

interface Success {
  readonly description: string
  /** Besides those of every answer. */
  readonly headers?: ReadonlyArray<HeaderName>
  /** By its name, of each media type. */
  readonly examples?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

interface OperationDocument {
  readonly request?: Readonly<Record<string, unknown>>
  readonly answers: Readonly<Record<number, Success>>
}

const json = (examples: Readonly<Record<string, unknown>>) => ({ "application/json": examples })

const accountId = "acct_01M6DQS9M08QK4V5N6M7P8Q9RS"
const secretId = "sec_01M6DQS9M08QK4V5N6M7P8Q9RT"
const transactionId = "txn_01M6DRNNY68QK4V5N6M7P8Q9RS"
const rejectedId = "txn_01M6DRJZWQ8QK4V5N6M7P8Q9RS"
/** Of the shape of a secret; its checksum is wrong. */
const secretText = `sk_${"0".repeat(72)}`

const summary = {
  brand: "visa",
  bin: "424242",
  last4: "4242",
  exp_month: 12,
  exp_year: 2027,
  fingerprint: "Yw1l3q9cJXo5m0TqB7dS2aVhR8nK4uEfGzP6xLiC_kM"
}

const processing = {
  id: transactionId,
  object: "transaction",
  status: "processing",
  amount: 1999,
  currency: "USD",
  card: summary,
  reference: "order-1042",
  metadata: { basket: "7f3a" },
  created_at: "2026-11-02T09:15:30.118Z",
  error: null,
  decided_at: null
}

const approved = { ...processing, status: "approved", decided_at: "2026-11-02T09:15:30.250Z" }

const rejected = {
  ...processing,
  id: rejectedId,
  status: "rejected",
  amount: 50,
  reference: null,
  metadata: {},
  created_at: "2026-11-02T09:14:02.007Z",
  error: { code: "amount_too_small", message: "The amount is below the minimum of $1.00." },
  decided_at: "2026-11-02T09:14:02.091Z"
}

const card = { number: "4242424242424242", holder: "Ada Lovelace", exp_month: 12, exp_year: 2027, cvv: "123" }

const merchant = {
  id: accountId,
  object: "account",
  name: "Bookshop",
  created_at: "2026-11-02T09:00:00.000Z",
  disabled_at: null
}

const secret = {
  id: secretId,
  object: "secret",
  scope: "full",
  created_at: "2026-11-02T09:00:00.000Z",
  last_used_at: "2026-11-02T09:15:00.000Z",
  expires_at: null
}

const createdSecret = { ...secret, last_used_at: null, secret: secretText }

const signedIn = { object: "session", account: accountId, scope: "full", expires_at: "2026-11-02T21:20:00.000Z" }

const parked = {
  id: transactionId,
  object: "parked",
  account: accountId,
  reason: "unknown_card_key",
  count: 1,
  parked_at: "2026-11-02T09:15:30.400Z"
}

const simulation = { object: "simulation", decision_delay_ms: 5000, redeliver: false, log: "up" }

const csv =
  "id,status,amount,currency,brand,bin,last4,exp_month,exp_year,fingerprint,error_code,reference,created_at,decided_at\r\n" +
  `${transactionId},approved,1999,USD,visa,424242,4242,12,2027,${summary.fingerprint},,order-1042,` +
  `${approved.created_at},${approved.decided_at}\r\n`

const event = { id: `evt_${transactionId.slice(4)}1`, type: "transaction.approved", created_at: approved.decided_at }

const stream = "retry: 2000\n\nid: eyJ2IjoxfQ\n\nid: eyJ2IjoxLCJvIjoxfQ\nevent: transaction.approved\n" +
  `data: ${JSON.stringify({ ...event, transaction: approved })}\n\n`

const submitted: ReadonlyArray<HeaderName> = ["Location", "Preference-Applied", "Idempotent-Replayed"]
const conditional: ReadonlyArray<HeaderName> = ["ETag", "Vary", "Retry-After", "Preference-Applied"]

/** What each operation is sent and what it answers when it succeeds; those of lists are found on another page. */
export const operationDocuments: { readonly [Name in EndpointName]: OperationDocument } = {
  submitTransaction: {
    request: {
      least: { amount: 1999, card },
      all: { amount: 1999, currency: "USD", card, reference: "order-1042", metadata: { basket: "7f3a" } }
    },
    answers: {
      201: {
        description: "Accepted, and decided by now: approved or rejected",
        headers: submitted,
        examples: json({ approved, rejected })
      },
      202: {
        description: "Accepted; the decision comes",
        headers: [...submitted, "Retry-After"],
        examples: json({ processing })
      }
    }
  },
  findTransaction: {
    answers: {
      200: {
        description: "The transaction as it stands",
        headers: conditional,
        examples: json({ processing, approved, rejected })
      },
      304: { description: "It is as the client has it", headers: conditional }
    }
  },
  readTimeline: {
    answers: {
      200: {
        description: "Every stage that it has reached",
        examples: json({
          decided: {
            object: "timeline",
            transaction: transactionId,
            stages: [
              { stage: "accepted", at: "2026-11-02T09:15:30.118Z" },
              { stage: "appended", at: "2026-11-02T09:15:30.131Z", partition: 3, offset: 18044 },
              { stage: "decided", at: "2026-11-02T09:15:30.250Z" },
              { stage: "recorded", at: "2026-11-02T09:15:30.262Z" }
            ]
          }
        })
      }
    }
  },
  listTransactions: {
    answers: {
      200: {
        description: "A page of those that match; as CSV, all of them",
        headers: ["Content-Disposition"],
        examples: {
          ...json({
            page: {
              object: "list",
              data: [approved, rejected],
              has_more: true,
              next: rejectedId,
              url: "/v1/transactions"
            }
          }),
          "text/csv": { csv }
        }
      }
    }
  },
  streamEvents: {
    answers: {
      200: {
        description: "Events, until the client goes away",
        headers: ["X-Accel-Buffering"],
        examples: { "text/event-stream": { stream } }
      }
    }
  },
  readSummary: {
    answers: {
      200: {
        description: "The buckets, oldest first",
        examples: json({
          minute: {
            object: "summary",
            data: [{
              at: "2026-11-02T09:15:00.000Z",
              accepted: 120,
              approved: 111,
              rejected: 9,
              amount: 221889,
              p50_ms: 21,
              p95_ms: 64
            }]
          }
        })
      }
    }
  },
  readAccount: {
    answers: {
      200: {
        description: "The account, and its secrets that are live",
        examples: json({ account: { ...merchant, secrets: [secret] } })
      }
    }
  },
  createSecret: {
    request: { rotation: {}, panel: { scope: "read_only" }, at_once: { scope: "full", expire_current_in: 0 } },
    answers: { 201: { description: "The new secret", examples: json({ secret: createdSecret }) } }
  },
  deleteSecret: { answers: { 204: { description: "The secret is no more" } } },
  createSession: {
    request: { account: { account: accountId, secret: secretText } },
    answers: {
      201: { description: "Signed in", headers: ["Set-Cookie"], examples: json({ session: signedIn }) }
    }
  },
  readSession: {
    answers: { 200: { description: "Who is signed in, and until when", examples: json({ session: signedIn }) } }
  },
  deleteSession: { answers: { 204: { description: "Signed out", headers: ["Set-Cookie"] } } },
  createAccount: {
    request: { account: { name: merchant.name } },
    answers: {
      201: {
        description: "The account and its secret",
        examples: json({ account: { ...merchant, secret: secretText } })
      }
    }
  },
  listAccounts: {
    answers: {
      200: {
        description: "A page of them",
        examples: json({
          page: { object: "list", data: [merchant], has_more: false, next: null, url: "/v1/accounts" }
        })
      }
    }
  },
  changeAccount: {
    request: { disable: { disabled: true }, enable: { disabled: false } },
    answers: {
      200: {
        description: "The account as it is now",
        examples: json({ disabled: { ...merchant, disabled_at: "2026-11-02T10:00:00.000Z" } })
      }
    }
  },
  createAccountSecret: {
    request: { rotation: {}, at_once: { scope: "full", expire_current_in: 0 } },
    answers: { 201: { description: "The new secret", examples: json({ secret: createdSecret }) } }
  },
  readPipeline: {
    answers: {
      200: {
        description: "What waits, and how far each stage is behind",
        examples: json({
          pipeline: {
            object: "pipeline",
            profile: "embedded",
            undecided: { count: 2, oldest_at: "2026-11-02T09:15:30.118Z" },
            stages: [
              { name: "processor", lag_records: 2, lag_seconds: 0.1 },
              { name: "recorder", lag_records: 0, lag_seconds: 0 }
            ],
            parked: 0
          }
        })
      }
    }
  },
  listParked: {
    answers: {
      200: {
        description: "A page of them",
        examples: json({
          page: { object: "list", data: [parked], has_more: false, next: null, url: "/v1/operator/parked" }
        })
      }
    }
  },
  replayParked: { answers: { 202: { description: "It is on its way", examples: json({ parked }) } } },
  giveUpParked: { answers: { 202: { description: "It is on its way", examples: json({ parked }) } } },
  readAudit: {
    answers: {
      200: {
        description: "The counts",
        examples: json({
          audit: {
            object: "audit",
            at: "2026-11-02T09:16:00.000Z",
            accepted: 120_042,
            decided: 120_040,
            undecided: 2,
            oldest_undecided_at: "2026-11-02T09:15:30.118Z",
            parked: 0,
            undecided_by_key: [{ key_id: "k1", count: 2 }],
            holds: true
          }
        })
      }
    }
  },
  readSimulation: {
    answers: { 200: { description: "What goes wrong on purpose", examples: json({ simulation }) } }
  },
  changeSimulation: {
    request: { slow: { decision_delay_ms: 5000 }, outage: { log: "down" }, well: { decision_delay_ms: 0, log: "up" } },
    answers: { 200: { description: "What goes wrong on purpose now", examples: json({ simulation }) } }
  }
}
