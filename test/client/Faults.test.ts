import { afterEach, assert, describe, it } from "@effect/vitest"
import { inspect } from "node:util"
import { GatewayError } from "../../src/layers/client/GatewayError.ts"
import { clientOptions, failureOf, promiseClient } from "../support/Client.ts"
import { useGateway } from "../support/GatewayFixture.ts"
import { cards, holder } from "../support/HttpSamples.ts"
import { answer, answers, cut, type Fate, hangUp, problem, rawServer, silence, through } from "../support/RawServer.ts"

const gateway = useGateway()

const payment = {
  amount: 1999,
  card: { number: cards.visa, holder, exp_month: 12, exp_year: new Date().getUTCFullYear() + 1, cvv: "739" }
}

const made = {
  id: "txn_01ARZ3NDEKTSV4RRFFQ69G5FAV",
  object: "transaction",
  status: "processing",
  amount: 1999,
  currency: "USD",
  card: { brand: "visa", bin: "424242", last4: "4242", exp_month: 12, exp_year: 2030, fingerprint: "x" },
  reference: null,
  metadata: {},
  created_at: "2026-11-28T18:00:00.000Z",
  error: null,
  decided_at: null
}
const accepted = answers(202, made)
const found = answers(200, made)

let closing: Array<() => void> = []
afterEach(() => {
  for (const close of closing) close()
  closing = []
})

const serve = async (...fates: ReadonlyArray<Fate>) => {
  const server = await rawServer(fates)
  closing.push(server.close)
  return { ...server, client: promiseClient(server.baseUrl) }
}

const keysOf = (requests: ReadonlyArray<{ readonly header: (name: string) => string | undefined }>) =>
  new Set(requests.map((_) => _.header("idempotency-key")))

describe("a submission whose answer is lost", () => {
  for (
    const [name, deal] of [
      ["whole", (socket) => void socket.destroy()],
      ["in the middle", (socket, bytes) => void socket.end(bytes.subarray(0, bytes.length - 40))]
    ] as const satisfies ReadonlyArray<readonly [string, Parameters<typeof through>[1]]>
  ) {
    it(`${name} is one transaction after the retry`, async () => {
      const account = await gateway().createAccount()
      const before = gateway().submissions()
      const passes: Parameters<typeof through>[1] = (socket, bytes) => void socket.end(bytes)
      const { baseUrl, requests } = await serve(
        through(gateway().port, deal),
        through(gateway().port, deal),
        through(gateway().port, passes)
      )
      const client = promiseClient(baseUrl, account)
      const transaction = await client.submit(payment, { wait: "20 seconds" })
      assert.strictEqual(transaction.status, "approved")
      assert.lengthOf(requests, 3)
      assert.strictEqual(keysOf(requests).size, 1)
      assert.match([...keysOf(requests)][0]!, /^[0-9a-f-]{36}$/)
      assert.strictEqual(gateway().submissions(), before + 1)
    })
  }

  it("is found again under the key that the error tells", async () => {
    const account = await gateway().createAccount()
    const { baseUrl } = await serve(through(gateway().port, (socket) => void socket.destroy()))
    const before = gateway().submissions()
    const error = await failureOf(promiseClient(baseUrl, account).submit(payment))
    assert.deepInclude({ ...error }, { code: "connection_lost", status: null, retryable: true })
    const direct = promiseClient(`http://127.0.0.1:${gateway().port}`, account)
    await direct.submit(payment, { idempotencyKey: error.idempotencyKey! })
    assert.strictEqual(gateway().submissions(), before + 1)
  })
})

describe("a submission", () => {
  const transient: ReadonlyArray<readonly [string, Fate]> = [
    ["a hang-up", hangUp],
    ["an answer that is cut", cut],
    ["408", problem(408, "request_timeout", true)],
    ["429", problem(429, "rate_limited", true)],
    ["500", problem(500, "internal_error", true)],
    ["503", problem(503, "unavailable", true)],
    ["a proxy's 502", answers(502, "<html>Bad gateway</html>", { "content-type": "text/html" })]
  ]
  for (const [name, fate] of transient) {
    it(`is repeated with the same key after ${name}`, async () => {
      const { client, requests } = await serve(fate, fate, accepted)
      const transaction = await client.submit(payment)
      assert.strictEqual(transaction.id, made.id)
      assert.lengthOf(requests, 3)
      assert.strictEqual(keysOf(requests).size, 1)
      assert.strictEqual(new Set(requests.map((_) => _.body)).size, 1)
    })
  }

  it("is repeated after silence", async () => {
    const { baseUrl, requests } = await serve(silence, accepted)
    await promiseClient(baseUrl, undefined, { timeout: 200 }).submit(payment)
    assert.lengthOf(requests, 2)
    assert.strictEqual(keysOf(requests).size, 1)
  })

  it("is waited for as long as it asks to wait", async () => {
    const { baseUrl, requests } = await serve((socket) => void setTimeout(() => socket.write(answer(202, made)), 600))
    await promiseClient(baseUrl, undefined, { timeout: 200 }).submit(payment, { wait: 1500 })
    assert.deepStrictEqual(requests.map((_) => _.header("prefer")), ["wait=2"])
  })

  it("waits as Retry-After says", async () => {
    const { client, requests } = await serve(problem(503, "overloaded", true, { "retry-after": "1" }), accepted)
    const began = performance.now()
    await client.submit(payment)
    assert.isAtLeast(performance.now() - began, 990)
    assert.lengthOf(requests, 2)
  })

  for (
    const [status, code] of [
      [400, "invalid_header"],
      [401, "unauthenticated"],
      [403, "forbidden"],
      [413, "payload_too_large"],
      [422, "idempotency_key_reused"]
    ] as const
  ) {
    it(`is not repeated after ${status}`, async () => {
      const { client, requests } = await serve(problem(status, code, false))
      const error = await failureOf(client.submit(payment, { idempotencyKey: "mine" }))
      assert.deepInclude({ ...error }, { status, code, retryable: false, requestId: "req_1", idempotencyKey: "mine" })
      assert.lengthOf(requests, 1)
      assert.deepStrictEqual([...keysOf(requests)], ["mine"])
    })
  }

  it("is given up after so many attempts", async () => {
    const { client, requests } = await serve(problem(503, "unavailable", true))
    assert.deepInclude({ ...await failureOf(client.submit(payment)) }, { status: 503, code: "unavailable" })
    assert.lengthOf(requests, 5)
  })

  it("that the contract refuses is not sent", async () => {
    const { client, requests } = await serve(accepted)
    const error = await failureOf(client.submit({ ...payment, amount: 10.5 }))
    assert.deepInclude({ ...error }, { status: null, code: "invalid_request", retryable: false })
    assert.deepStrictEqual(error.errors.map((_) => _.pointer), ["#/amount"])
    assert.lengthOf(requests, 0)
  })

  it("goes to the path that it names, whatever an id is", async () => {
    const { client, requests } = await serve(found)
    for (const id of ["", "..", "%2e%2e", "txn_1/timeline", "txn_1?wait=1", "a#b", "a b"]) {
      for (const call of [client.find, client.timeline, client.account.deleteSecret, client.operator.replay]) {
        assert.strictEqual((await failureOf(call(id))).code, "invalid_request", id)
      }
    }
    assert.lengthOf(requests, 0)
  })

  it("fails without a word of what was sent", async () => {
    for (const fate of [hangUp, cut, problem(422, "invalid_request", false), answers(201, { id: "x" })]) {
      const { baseUrl } = await serve(fate)
      const error = await failureOf(
        promiseClient(baseUrl, "acct_x:sk_secret", { retry: { attempts: 1 } }).submit(payment)
      )
      const told = `${inspect(error, { depth: 20, showHidden: true })} ${JSON.stringify(error)} ${error.stack}`
      for (
        const text of [cards.visa, holder, "739\"", "sk_secret", Buffer.from("acct_x:sk_secret").toString("base64")]
      ) {
        assert.notInclude(told, text)
      }
    }
  })
})

describe("what has no key", () => {
  it("is repeated when it reads", async () => {
    const { client, requests } = await serve(hangUp, cut, problem(503, "unavailable", true), found)
    assert.strictEqual((await client.find(made.id)).id, made.id)
    assert.lengthOf(requests, 4)
  })

  it("is not repeated when it writes and may have been done", async () => {
    for (const fate of [hangUp, cut, problem(503, "unavailable", true), problem(500, "internal_error", true)]) {
      const { client, requests } = await serve(fate)
      await failureOf(client.operator.createAccount("x"))
      assert.lengthOf(requests, 1)
    }
  })

  it("is repeated when it writes and certainly was not done", async () => {
    const { client, requests } = await serve(
      problem(429, "rate_limited", true),
      problem(408, "request_timeout", true),
      answers(201, {
        id: "acct_01ARZ3NDEKTSV4RRFFQ69G5FAV",
        object: "account",
        name: "x",
        created_at: made.created_at,
        disabled_at: null,
        secret: "sk_1"
      })
    )
    assert.strictEqual((await client.operator.createAccount("x")).name, "x")
    assert.lengthOf(requests, 3)
  })

  it("is told that nobody is there", async () => {
    const { baseUrl, close } = await serve(found)
    close()
    const error = await failureOf(promiseClient(baseUrl).operator.createAccount("x"))
    assert.deepInclude({ ...error }, { code: "unreachable", status: null, retryable: true })
    assert.instanceOf(error, GatewayError)
  })

  it("is not taken for an answer when it is none", async () => {
    const { client } = await serve(answers(200, { ...made, status: "lost" }, { "request-id": "req_2" }))
    assert.deepInclude({ ...await failureOf(client.find(made.id)) }, {
      code: "unexpected_answer",
      status: 200,
      requestId: "req_2"
    })
  })

  it("goes nowhere else", async () => {
    const elsewhere = await serve(found)
    const { client } = await serve((socket) =>
      void socket.write(`HTTP/1.1 307 Elsewhere\r\nlocation: ${elsewhere.baseUrl}/\r\ncontent-length: 0\r\n\r\n`)
    )
    await failureOf(client.find(made.id))
    assert.lengthOf(elsewhere.requests, 0)
  })
})

describe("a list", () => {
  it("goes on over a page that a filter left empty", async () => {
    const page = (data: ReadonlyArray<unknown>, next: string | null) =>
      answers(200, { object: "list", data, has_more: next !== null, next, url: "/v1/transactions" })
    const { client, requests } = await serve(page([], "txn_a"), page([made], "txn_b"), hangUp, page([], null))
    const ids: Array<string> = []
    for await (const { id } of client.list({ status: "processing" }, { limit: 5 })) ids.push(id)
    assert.deepStrictEqual(ids, [made.id])
    assert.deepStrictEqual(
      requests.map((_) => new URLSearchParams(/^GET \S+\?(\S+)/.exec(_.head)![1]).get("starting_after")),
      [null, "txn_a", "txn_b", "txn_b"]
    )
  })
})

describe("CSV", () => {
  it("that is cut is an error", async () => {
    const { client } = await serve((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\ntransfer-encoding: chunked\r\n\r\n4\r\nid\r\n\r\n")
      setTimeout(() => socket.destroy(), 50)
    })
    let text = ""
    const read = async () => {
      for await (const some of client.csv()) text += some
    }
    assert.strictEqual((await failureOf(read())).code, "connection_lost")
    assert.strictEqual(text, "id\r\n")
  })
})

describe("options", () => {
  it("take a base with a path and a slash", async () => {
    const { baseUrl, requests } = await serve(found)
    await promiseClient(`${baseUrl}/payments/`).find(made.id)
    assert.match(requests[0]!.head, /^GET \/payments\/v1\/transactions\/txn_/)
    assert.strictEqual(
      requests[0]!.header("authorization"),
      `Basic ${Buffer.from("acct_x:sk_x").toString("base64")}`
    )
    assert.strictEqual(clientOptions(baseUrl).account, "acct_x")
  })
})
