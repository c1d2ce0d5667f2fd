import { assert, beforeAll, describe, it } from "@effect/vitest"
import { accountOf, basic, type Credential, requestBytes, secretOf, useGateway } from "../support/GatewayFixture.ts"
import { assertProblem, comparable } from "../support/HttpAssertions.ts"
import { rawRequest } from "../support/HttpConnection.ts"
import { cards, pathOf, postRoutes, transaction } from "../support/HttpSamples.ts"

// so that each attempt can come from an address of its own
const gateway = useGateway({ environment: { TRUSTED_PROXIES: "127.0.0.1" } })
let account: Credential = ""
let other: Credential = ""

beforeAll(async () => {
  account = await gateway().createAccount()
  other = await gateway().createAccount()
})

const encoded = (bytes: string | Uint8Array) => `Basic ${Buffer.from(bytes as string).toString("base64")}`

/** Well-formed, with a right checksum, and nobody's. */
const unknownAccount = "acct_01ARZ3NDEKTSV4RRFFQ69G5FAV"

/** By what it is; each is refused on every route with one and the same answer. */
const refused: ReadonlyArray<readonly [string, () => string | undefined]> = [
  ["none", () => undefined],
  ["an empty header", () => ""],
  ["another scheme", () => `Bearer ${secretOf(account)}`],
  ["a scheme alone", () => "Basic"],
  ["a scheme and spaces", () => "Basic    "],
  ["no base64", () => `Basic ${account}`],
  ["base64 with junk in it", () => `${basic(account)}!`],
  ["base64 twice", () => `${basic(account)} ${basic(account).slice(6)}`],
  ["base64url", () => `Basic ${Buffer.from(`${accountOf(account)}:????>>>>`).toString("base64url")}`],
  ["no colon", () => encoded(accountOf(account))],
  ["an empty name and secret", () => encoded(":")],
  ["an empty secret", () => encoded(`${accountOf(account)}:`)],
  ["an empty name", () => encoded(`:${secretOf(account)}`)],
  ["an unknown account", () => encoded(`${unknownAccount}:${secretOf(account)}`)],
  ["a name that is no account id", () => encoded(`nobody:${secretOf(account)}`)],
  ["a card number for a name", () => encoded(`${cards.visa}:${cards.visa}`)],
  ["another account's secret", () => encoded(`${accountOf(account)}:${secretOf(other)}`)],
  ["a secret with a typo", () => encoded(typo(account))],
  ["a secret in capitals", () => encoded(`${accountOf(account)}:${secretOf(account).toUpperCase()}`)],
  ["a secret and a space", () => encoded(`${account} `)],
  ["a secret and more", () => encoded(`${account}0`)],
  ["an account id in small letters", () => encoded(account.toLowerCase())],
  ["a NUL after the name", () => encoded(account.replace(":", "\0:"))],
  ["a NUL after the secret", () => encoded(`${account}\0`)],
  ["NULs alone", () => encoded("\0\0\0:\0\0\0")],
  ["no UTF-8", () => encoded(Buffer.from([0xff, 0xfe, 0x3a, 0xff]))],
  ["a huge name", () => encoded(`${"a".repeat(6_000)}:b`)],
  ["a huge secret", () => encoded(`${accountOf(account)}:${"f".repeat(6_000)}`)],
  ["the operator's name with another secret", () => encoded(`operator:${secretOf(account)}`)],
  ["the operator's name without a secret", () => encoded("operator:")],
  ["the operator's name in capitals", () => encoded(`OPERATOR:${gateway().operatorSecret}`)],
  ["the operator's secret with an account's name", () => encoded(`${accountOf(account)}:${gateway().operatorSecret}`)],
  ["__proto__", () => encoded(`__proto__:${secretOf(account)}`)],
  ["SQL", () => encoded(`' OR 1=1 --:${secretOf(account)}`)]
]

/** One wrong digit, so that the checksum does not fit. */
const typo = (credential: Credential) => {
  const at = credential.length - 40
  return `${credential.slice(0, at)}${credential[at] === "0" ? "1" : "0"}${credential.slice(at + 1)}`
}

const routes: ReadonlyArray<readonly [string, string]> = [
  ...Object.keys(postRoutes).filter((_) => postRoutes[_]!.by !== "anyone").map((path) => ["POST", path] as const),
  ["GET", "/v1/transactions"],
  ["GET", "/v1/transactions/txn_01ARZ3NDEKTSV4RRFFQ69G5FAV"],
  ["GET", "/v1/transactions/txn_01ARZ3NDEKTSV4RRFFQ69G5FAV/timeline"],
  ["GET", "/v1/summary"],
  ["GET", "/v1/account"],
  ["GET", "/v1/transactions/events"],
  ["GET", "/v1/operator/audit"]
]

let attempts = 0
const asked = (method: string, path: string, authorization: string | undefined) =>
  gateway().call(method, pathOf(path), {
    headers: {
      ...(authorization === undefined ? {} : { authorization }),
      "x-forwarded-for": `2001:db8::${(attempts++).toString(16)}`
    },
    ...(method === "POST" ? { body: postRoutes[path]!.body() } : {})
  })

describe("401", () => {
  it.each(refused)("%s", async (_, authorization) => {
    const header = authorization()
    const before = gateway().rows()
    for (const [method, path] of routes) {
      const answer = await asked(method, path, header)
      assertProblem(answer, 401, "unauthenticated", [
        secretOf(account),
        cards.visa,
        ...(header === undefined || header.length < 20 ? [] : [header])
      ])
      assert.match(answer.headers["www-authenticate"]!, /^Basic realm="[^"]+"/)
    }
    assert.strictEqual(gateway().rows(), before)
  })

  it("tells nothing apart: every refusal is the same but for its request id", async () => {
    for (const [method, path] of routes) {
      const first = comparable(await asked(method, path, undefined))
      for (const [what, authorization] of refused) {
        assert.deepStrictEqual(comparable(await asked(method, path, authorization())), first, what)
      }
    }
  })

  it("two Authorization lines are none, however right", async () => {
    const before = gateway().rows()
    const body = JSON.stringify(transaction())
    for (const lines of [[account, account], [account, other], [account, "a:b"], ["a:b", account]]) {
      const [first, second] = lines.map((_) => `Authorization: ${basic(_)}`)
      const bytes = requestBytes("POST", "/v1/transactions", { body }).replace(
        "Host:",
        `${first}\r\n${second}\r\nHost:`
      )
      const answer = await rawRequest(gateway().port, bytes)
      assertProblem(answer, 401, "unauthenticated")
    }
    assert.strictEqual(gateway().rows(), before)
  })

  it("a secret in the URL is none", async () => {
    const answer = await rawRequest(
      gateway().port,
      `GET http://${account}@gateway/v1/transactions HTTP/1.1\r\nHost: gateway\r\n\r\n`
    )
    assertProblem(answer, 401, "unauthenticated", [secretOf(account)])
  })
})

describe("the database", () => {
  const readsOf = async (authorization: string) => {
    const before = gateway().controls.credentialReads
    assertProblem(await asked("GET", "/v1/transactions", authorization), 401, "unauthenticated")
    return gateway().controls.credentialReads - before
  }

  it("is not asked for what cannot be a secret", async () => {
    for (const credential of [typo(account), `${accountOf(account)}:x`, `nobody:${secretOf(account)}`]) {
      assert.strictEqual(await readsOf(encoded(credential)), 0)
    }
  })

  it("is asked as often for an unknown account as for a wrong secret", async () => {
    const unknown = await readsOf(encoded(`${unknownAccount}:${secretOf(account)}`))
    const wrong = await readsOf(encoded(`${accountOf(account)}:${secretOf(other)}`))
    assert.deepStrictEqual({ unknown, wrong }, { unknown: 1, wrong: 1 })
  })
})

describe("what is a credential", () => {
  it.each([
    ["the scheme in any case", () => basic(account).replace("Basic", "bAsIc")],
    ["more than one space", () => basic(account).replace(" ", "   ")],
    ["base64 without its padding", () => basic(account).replace(/=+$/, "")]
  ])("%s", async (_, authorization) => {
    const answer = await gateway().call("GET", "/v1/transactions", { headers: { authorization: authorization() } })
    assert.strictEqual(answer.status, 200, answer.text)
  })

  it("an account made a moment ago", async () => {
    const made = await gateway().createAccount()
    assert.strictEqual((await gateway().call("GET", "/v1/transactions", { as: made })).status, 200)
  })

  it("one whose account was asked for before it existed is not remembered as missing", async () => {
    for (let i = 0; i < 3; i++) {
      const made = await gateway().createAccount()
      const wrong = `${accountOf(made)}:${secretOf(account)}`
      assertProblem(await gateway().call("GET", "/v1/transactions", { as: wrong }), 401, "unauthenticated")
      assert.strictEqual((await gateway().call("GET", "/v1/transactions", { as: made })).status, 200)
      assertProblem(await gateway().call("GET", "/v1/transactions", { as: wrong }), 401, "unauthenticated")
    }
  })
})
