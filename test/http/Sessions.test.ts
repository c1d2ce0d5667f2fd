import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import type { AccountId, SecretId } from "../../src/domain/Ids.ts"
import { AesSessionSeal } from "../../src/layers/AesSessionSeal.ts"
import { SecretPepper } from "../../src/layers/Keys.ts"
import { SystemRandomness } from "../../src/layers/SystemRandomness.ts"
import { SessionSeal } from "../../src/services/SessionSeal.ts"
import { accountOf, type Credential, eventually, jsonOf, secretOf, useGateway } from "../support/GatewayFixture.ts"
import { assertProblem } from "../support/HttpAssertions.ts"
import type { HttpAnswer } from "../support/HttpConnection.ts"
import { openEvents } from "../support/HttpEvents.ts"
import { transaction } from "../support/HttpSamples.ts"

const pepper = "the pepper of the sessions' test"
const gateway = useGateway({ environment: { TRUSTED_PROXIES: "127.0.0.1", SECRET_PEPPER: pepper } })
let account: Credential = ""

beforeAll(async () => {
  account = await gateway().createAccount()
})

const ownOrigin = () => ({ origin: `http://127.0.0.1:${gateway().port}` })

const signIn = (credential: Credential, headers: Readonly<Record<string, string>> = {}) =>
  gateway().call("POST", "/v1/session", {
    headers,
    body: { account: accountOf(credential), secret: secretOf(credential) }
  })

const cookieOf = (answer: HttpAnswer) => {
  assert.strictEqual(answer.status, 201, answer.text)
  return answer.headers["set-cookie"]!.split(";")[0]!
}

const ask = (method: string, path: string, cookie: string, options: Parameters<Gateway["call"]>[2] = {}) =>
  gateway().call(method, path, { ...options, headers: { cookie, ...options.headers } })
type Gateway = ReturnType<typeof gateway>

describe("sessions", () => {
  it("begin with a sign-in, whose cookie no script reads and no other site sends", async () => {
    const answer = await signIn(account)
    const session = jsonOf<Record<string, string>>(answer)
    assert.deepStrictEqual(Object.keys(session).toSorted(), ["account", "expires_at", "object", "scope"])
    assert.deepStrictEqual([session["object"], session["account"], session["scope"]], [
      "session",
      accountOf(account),
      "full"
    ])
    const left = Date.parse(session["expires_at"]!) - Date.now()
    assert.isTrue(left > 43_190_000 && left <= 43_200_000, `${left}`)
    assert.match(
      answer.headers["set-cookie"]!,
      /^gateway_session=[A-Za-z0-9_-]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/
    )
    assert.notInclude(answer.head + answer.text, secretOf(account))
    const read = await ask("GET", "/v1/session", cookieOf(answer))
    assert.deepStrictEqual([read.status, jsonOf(read)], [200, session])
  })

  it("over TLS, as a trusted proxy tells, are secure and bound to the host", async () => {
    const tls = { "x-forwarded-proto": "https" }
    const answer = await signIn(account, tls)
    assert.match(answer.headers["set-cookie"]!, /^__Host-gateway_session=[^;]+; Path=\/; .*; Secure$/)
    assert.strictEqual((await ask("GET", "/v1/session", cookieOf(answer), { headers: tls })).status, 200)
    // a cookie that anybody on the way could have set is not taken for it
    const plain = cookieOf(await signIn(account))
    assertProblem(await ask("GET", "/v1/session", plain, { headers: tls }), 401, "unauthenticated")
  })

  it("read as their account does", async () => {
    const cookie = cookieOf(await signIn(account))
    for (const path of ["/v1/transactions", "/v1/account", "/v1/summary"]) {
      assert.strictEqual((await ask("GET", path, cookie)).status, 200, path)
    }
    assertProblem(await ask("GET", "/v1/accounts", cookie), 403, "forbidden")
  })

  it("change something only from a page of our own", async () => {
    const cookie = cookieOf(await signIn(account))
    const rows = gateway().rows()
    for (
      const origin of [
        undefined,
        "null",
        "https://evil.example",
        `http://127.0.0.1:${gateway().port + 1}`,
        `127.0.0.1:${gateway().port}`,
        "http://127.0.0.1"
      ]
    ) {
      const headers = origin === undefined ? {} : { origin }
      const answer = await ask("POST", "/v1/transactions", cookie, { headers, body: transaction() })
      assertProblem(answer, 403, "forbidden")
      assertProblem(await ask("DELETE", "/v1/session", cookie, { headers }), 403, "forbidden")
    }
    assert.strictEqual(gateway().rows(), rows)
    const answer = await ask("POST", "/v1/transactions", cookie, { headers: ownOrigin(), body: transaction() })
    assert.strictEqual(answer.status, 202, answer.text)
  })

  it("are asked for before anything else of a request is looked at, and Authorization wins over them", async () => {
    const cookie = cookieOf(await signIn(account))
    for (const path of ["/v1/session", "/v1/session?x=1"]) {
      const answer = await gateway().call("GET", path, { headers: { accept: "text/html" } })
      assertProblem(answer, 401, "unauthenticated")
    }
    assertProblem(await ask("GET", "/v1/session?x=1", cookie), 400, "invalid_query")
    const evil = { origin: "https://evil.example" }
    assertProblem(await ask("DELETE", "/v1/session?x=1", cookie, { headers: evil }), 403, "forbidden")
    for (const as of [`${accountOf(account)}:wrong`, gateway().operator]) {
      assertProblem(await ask("GET", "/v1/session", cookie, { as }), 401, "unauthenticated")
    }
  })

  it("end by themselves, and the streams that they opened with them", async () => {
    const [secret] = jsonOf<{ readonly secrets: ReadonlyArray<{ readonly id: string }> }>(
      await gateway().call("GET", "/v1/account", { as: account })
    ).secrets
    const seal = await Effect.runPromise(
      Effect.provide(
        SessionSeal,
        AesSessionSeal.pipe(
          Layer.provide(Layer.merge(SystemRandomness, Layer.succeed(SecretPepper, Redacted.make(pepper))))
        )
      )
    )
    const sealed = seal.seal({
      subject: { _tag: "Account", id: accountOf(account) as AccountId, secretId: secret!.id as SecretId },
      expiresAt: Date.now() + 2_000
    })
    const cookie = `gateway_session=${sealed}`
    assert.strictEqual((await ask("GET", "/v1/session", cookie)).status, 200)
    const reader = await openEvents(gateway().port, { cookie })
    assert.strictEqual(reader.status, 200)
    await eventually("its stream ends", reader.hasEnded, (_) => _, 15_000)
    assertProblem(await ask("GET", "/v1/session", cookie), 401, "unauthenticated")
  }, 30_000)

  it("are found among other cookies of their name", async () => {
    const cookie = cookieOf(await signIn(account))
    for (const header of [`gateway_session=x; ${cookie}`, `${cookie}; gateway_session=x`, `a=b;${cookie};c`]) {
      assert.strictEqual((await ask("GET", "/v1/session", header)).status, 200, header)
    }
  })

  it("over TLS change something only from a page that came by TLS", async () => {
    const tls = { "x-forwarded-proto": "https" }
    const cookie = cookieOf(await signIn(account, tls))
    const from = (scheme: string) =>
      ask("POST", "/v1/transactions", cookie, {
        headers: { ...tls, origin: `${scheme}://127.0.0.1:${gateway().port}` },
        body: transaction()
      })
    assertProblem(await from("http"), 403, "forbidden")
    assert.strictEqual((await from("https")).status, 202)
  })

  it("end with a sign-out, which clears the cookie", async () => {
    const cookie = cookieOf(await signIn(account))
    const answer = await ask("DELETE", "/v1/session", cookie, { headers: ownOrigin() })
    assert.deepStrictEqual([answer.status, answer.text], [204, ""])
    assert.match(answer.headers["set-cookie"]!, /^gateway_session=; Path=\/; Max-Age=0; HttpOnly; SameSite=Strict$/)
  })

  it("die with the secret that began them, and with their account", async () => {
    const own = await gateway().createAccount()
    const [old] = jsonOf<{ readonly secrets: ReadonlyArray<{ readonly id: string }> }>(
      await gateway().call("GET", "/v1/account", { as: own })
    ).secrets
    const cookie = cookieOf(await signIn(own))
    const fresh = jsonOf<{ readonly secret: string }>(
      await gateway().call("POST", "/v1/account/secrets", { as: own, body: {} })
    ).secret
    const credential = `${accountOf(own)}:${fresh}`
    const later = cookieOf(await signIn(credential))
    await gateway().call("DELETE", `/v1/account/secrets/${old!.id}`, { as: credential })
    assertProblem(await ask("GET", "/v1/session", cookie), 401, "unauthenticated")
    assert.strictEqual((await ask("GET", "/v1/session", later)).status, 200)
    await gateway().call("PATCH", `/v1/accounts/${accountOf(own)}`, {
      as: gateway().operator,
      body: { disabled: true }
    })
    assertProblem(await ask("GET", "/v1/transactions", later), 401, "unauthenticated")
  })

  it("of a read-only secret change nothing", async () => {
    const reader = jsonOf<{ readonly secret: string }>(
      await gateway().call("POST", "/v1/account/secrets", { as: account, body: { scope: "read_only" } })
    ).secret
    const answer = await signIn(`${accountOf(account)}:${reader}`)
    assert.strictEqual(jsonOf<{ scope: string }>(answer).scope, "read_only")
    const refused = await ask("POST", "/v1/transactions", cookieOf(answer), {
      headers: ownOrigin(),
      body: transaction()
    })
    assertProblem(refused, 403, "forbidden")
  })

  it("of the operator do what the operator may", async () => {
    const answer = await signIn(gateway().operator)
    assert.strictEqual(jsonOf<{ account: string }>(answer).account, "operator")
    assert.strictEqual((await ask("GET", "/v1/operator/pipeline", cookieOf(answer))).status, 200)
  })

  it("are sealed: none is made up, none is changed", async () => {
    const cookie = cookieOf(await signIn(account))
    const [name, value] = cookie.split("=") as [string, string]
    assert.notInclude(Buffer.from(value, "base64url").toString("latin1"), accountOf(account))
    const flipped = Buffer.from(value, "base64url")
    flipped[20]! ^= 1
    for (const forged of ["", "x", value.slice(1), `${value}A`, flipped.toString("base64url"), "A".repeat(5_000)]) {
      assertProblem(await ask("GET", "/v1/session", `${name}=${forged}`), 401, "unauthenticated")
    }
  })

  it("are challenged with a scheme that opens no window of the browser; Authorization wins over the cookie", async () => {
    const schemeOf = (answer: HttpAnswer) => answer.headers["www-authenticate"]!.split(" ")[0]
    assert.strictEqual(schemeOf(await gateway().call("GET", "/v1/session")), "Session")
    assert.strictEqual(schemeOf(await ask("GET", "/v1/transactions", "gateway_session=x")), "Session")
    assert.strictEqual(schemeOf(await gateway().call("GET", "/v1/transactions")), "Basic")
    assert.strictEqual(schemeOf(await ask("GET", "/v1/transactions", "other=x")), "Basic")
    const wrong = await signIn(`${accountOf(account)}:wrong`)
    assert.strictEqual(schemeOf(wrong), "Session")
    assertProblem(wrong, 401, "unauthenticated")
    assert.notProperty(wrong.headers, "set-cookie")

    const cookie = cookieOf(await signIn(account))
    assertProblem(
      await ask("GET", "/v1/transactions", cookie, { as: `${accountOf(account)}:wrong` }),
      401,
      "unauthenticated"
    )
    const other = await gateway().createAccount()
    const answer = await ask("GET", "/v1/account", cookie, { as: other })
    assert.strictEqual(jsonOf<{ id: string }>(answer).id, accountOf(other))
    // and a change by Authorization needs no Origin
    assert.strictEqual(
      (await ask("POST", "/v1/transactions", cookie, { as: account, body: transaction() })).status,
      202
    )
  })

  it("what is signed in with must fit", async () => {
    for (
      const body of [
        {},
        { account: "x" },
        { account: 1, secret: "x" },
        { account: "x", secret: "y", scope: "full" },
        null
      ]
    ) {
      assertProblem(await gateway().call("POST", "/v1/session", { body }), 422, "invalid_request")
    }
  })
})
