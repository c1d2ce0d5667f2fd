import { assert, beforeEach, describe, it } from "@effect/vitest"
import { accountOf, type Credential, jsonOf, useGateway } from "../support/GatewayFixture.ts"
import { assertProblem, comparable } from "../support/HttpAssertions.ts"
import type { HttpAnswer } from "../support/HttpConnection.ts"
import { transaction } from "../support/HttpSamples.ts"

interface SecretJson {
  readonly id: string
  readonly object: "secret"
  readonly scope: "full" | "read_only"
  readonly created_at: string
  readonly last_used_at: string | null
  readonly expires_at: string | null
}
interface AccountJson {
  readonly id: string
  readonly name: string
  readonly disabled_at: string | null
  readonly secrets: ReadonlyArray<SecretJson>
}

const gateway = useGateway()
let account: Credential = ""

beforeEach(async () => {
  account = await gateway().createAccount()
})

const read = async (as = account) => {
  const answer = await gateway().call("GET", "/v1/account", { as })
  assert.strictEqual(answer.status, 200, answer.text)
  return jsonOf<AccountJson>(answer)
}

const issue = (body: unknown = {}, as = account) => gateway().call("POST", "/v1/account/secrets", { as, body })

const made = (answer: HttpAnswer) => {
  assert.strictEqual(answer.status, 201, answer.text)
  const { secret, ...stored } = jsonOf<SecretJson & { readonly secret: string }>(answer)
  return { ...stored, credential: `${accountOf(account)}:${secret}` }
}

const remove = (id: string, as = account) => gateway().call("DELETE", `/v1/account/secrets/${id}`, { as })

const works = async (as: Credential) => (await gateway().call("GET", "/v1/account", { as })).status === 200

describe("secrets", () => {
  it("are told with what is known of them, never with themselves", async () => {
    const { id, name, secrets } = await read()
    assert.deepStrictEqual([id, name], [accountOf(account), "Canaryname"])
    assert.lengthOf(secrets, 1)
    assert.deepStrictEqual(Object.keys(secrets[0]!).toSorted(), [
      "created_at",
      "expires_at",
      "id",
      "last_used_at",
      "object",
      "scope"
    ])
    assert.deepStrictEqual([secrets[0]!.scope, secrets[0]!.expires_at], ["full", null])
    assert.isNotNull(secrets[0]!.last_used_at, "it was used for this very request")
  })

  it("rotate: both work, the old one until it expires, a third is refused", async () => {
    const before = (await read()).secrets[0]!
    const second = made(await issue({ expire_current_in: 3600 }))
    assert.deepStrictEqual([second.scope, second.expires_at, second.last_used_at], ["full", null, null])
    const [old, fresh] = (await read()).secrets
    assert.deepStrictEqual([old!.id, fresh!.id], [before.id, second.id])
    const left = Date.parse(old!.expires_at!) - Date.now()
    assert.isTrue(left > 3_590_000 && left <= 3_600_000, `${left}`)
    assert.isTrue(await works(account))
    assert.isTrue(await works(second.credential))

    assertProblem(await issue(), 409, "too_many_secrets")
    assert.lengthOf((await read()).secrets, 2)
    assert.strictEqual((await remove(before.id, second.credential)).status, 204)
    assert.isFalse(await works(account), "at once, in the process that took it away")
    assertProblem(await remove(second.id, second.credential), 409, "last_secret")
    assert.isTrue(await works(second.credential))
  })

  it("the present one lives on for a day when nothing is said, and not at all with 0", async () => {
    made(await issue())
    const left = Date.parse((await read()).secrets[0]!.expires_at!) - Date.now()
    assert.isTrue(left > 86_390_000 && left <= 86_400_000, `${left}`)

    const last = made(await issue({ expire_current_in: 0 }))
    assert.isFalse(await works(account))
    assert.deepStrictEqual((await read(last.credential)).secrets.map((_) => _.id), [last.id])
  })

  it("read-only: reads everything, changes nothing, five at most", async () => {
    const readers = [made(await issue({ scope: "read_only" }))]
    const [reader] = readers
    assert.isNull((await read()).secrets[0]!.expires_at, "a read-only secret replaces nothing")
    for (const path of ["/v1/account", "/v1/transactions", "/v1/summary"]) {
      assert.strictEqual((await gateway().call("GET", path, { as: reader!.credential })).status, 200, path)
    }
    const rows = gateway().rows()
    assertProblem(await gateway().submit(reader!.credential, transaction()), 403, "forbidden")
    assertProblem(await issue({}, reader!.credential), 403, "forbidden")
    assertProblem(await remove(reader!.id, reader!.credential), 403, "forbidden")
    assert.strictEqual(gateway().rows(), rows)
    while (readers.length < 5) readers.push(made(await issue({ scope: "read_only" })))
    assertProblem(await issue({ scope: "read_only" }), 409, "too_many_secrets")
    assert.strictEqual((await remove(reader!.id)).status, 204)
    made(await issue({ scope: "read_only" }))
    // the last full one stays, however many others there are
    assertProblem(await remove((await read()).secrets[0]!.id), 409, "last_secret")
  })

  it("of somebody else, of nobody and those that are gone are not there, with one answer", async () => {
    const other = await gateway().createAccount()
    const foreign = (await read(other)).secrets[0]!.id
    const reader = made(await issue({ scope: "read_only" }))
    assert.strictEqual((await remove(reader.id)).status, 204)
    const answers = await Promise.all([foreign, reader.id, "sec_01ARZ3NDEKTSV4RRFFQ69G5FAV", "x"].map((_) => remove(_)))
    for (const answer of answers) {
      assertProblem(answer, 404, "resource_missing")
      assert.deepStrictEqual(comparable(answer), comparable(answers[0]!))
    }
    assert.isTrue(await works(other))
  })

  it("many at a time: no more than may live, and never none", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => issue()))
    assert.lengthOf(answers.filter((_) => _.status === 201), 1)
    const { secrets } = await read()
    assert.lengthOf(secrets, 2)
    const removals = await Promise.all(secrets.flatMap(({ id }) => [remove(id), remove(id)]))
    assert.isTrue(removals.every((_) => [204, 401, 404, 409].includes(_.status)))
    assert.isAtMost(removals.filter((_) => _.status === 204).length, 2)
    const fresh = made(answers.find((_) => _.status === 201)!)
    assert.isTrue(await works(account) || await works(fresh.credential))
  })

  it("an operator makes one for an account, which is told once", async () => {
    const { operator } = gateway()
    const path = `/v1/accounts/${accountOf(account)}/secrets`
    const fresh = made(await gateway().call("POST", path, { as: operator, body: { expire_current_in: 0 } }))
    assert.isFalse(await works(account))
    assert.isTrue(await works(fresh.credential))
    for (const missing of ["acct_01ARZ3NDEKTSV4RRFFQ69G5FAV", "x"]) {
      const answer = await gateway().call("POST", `/v1/accounts/${missing}/secrets`, { as: operator, body: {} })
      assertProblem(answer, 404, "resource_missing")
    }
  })

  it("need not be asked for with a body", async () => {
    const answer = await gateway().call("POST", "/v1/account/secrets", { as: account })
    assert.deepStrictEqual(made(answer).scope, "full")
    // but what is sent has to be JSON
    const text = await gateway().call("POST", "/v1/account/secrets", {
      as: account,
      body: "x",
      headers: { "content-type": "text/plain" }
    })
    assertProblem(text, 415, "unsupported_media_type")
  })

  it("what is asked for must fit", async () => {
    for (
      const body of [
        { scope: "admin" },
        { scope: null },
        { expire_current_in: -1 },
        { expire_current_in: 2_592_001 },
        { expire_current_in: 1.5 },
        { expire_current_in: "60" },
        { secret: "mine" },
        []
      ]
    ) {
      assertProblem(await issue(body), 422, "invalid_request")
    }
    assert.lengthOf((await read()).secrets, 1)
  })
})

describe("accounts", () => {
  const change = (id: string, body: unknown, as = gateway().operator) =>
    gateway().call("PATCH", `/v1/accounts/${id}`, { as, body })

  it("that are disabled are refused as if they were not there, until they are enabled again", async () => {
    const id = accountOf(account)
    const disabled = await change(id, { disabled: true })
    assert.strictEqual(disabled.status, 200, disabled.text)
    const { disabled_at: at } = jsonOf<AccountJson>(disabled)
    assert.isNotNull(at)
    const refused = await gateway().submit(account, transaction())
    assertProblem(refused, 401, "unauthenticated")
    const unknown = await gateway().submit(`acct_01ARZ3NDEKTSV4RRFFQ69G5FAV:${account.split(":")[1]}`, transaction())
    assert.deepStrictEqual(comparable(refused), comparable(unknown))
    // again changes nothing
    assert.strictEqual(jsonOf<AccountJson>(await change(id, { disabled: true })).disabled_at, at)
    assert.isNull(jsonOf<AccountJson>(await change(id, { disabled: false })).disabled_at)
    assert.isTrue(await works(account))
  })

  it("are listed for the operator alone, newest first, page by page, without secrets", async () => {
    const made = [accountOf(account)]
    while (made.length < 5) made.push(accountOf(await gateway().createAccount(`Listed ${made.length}`)))
    const seen: Array<string> = []
    let query = "?limit=2"
    for (;;) {
      const answer = await gateway().call("GET", `/v1/accounts${query}`, { as: gateway().operator })
      assert.strictEqual(answer.status, 200, answer.text)
      assert.notInclude(answer.text, "secret")
      const page = jsonOf<
        { readonly data: ReadonlyArray<{ readonly id: string }>; readonly has_more: boolean; readonly next: string }
      >(answer)
      seen.push(...page.data.map((_) => _.id))
      if (!page.has_more) break
      query = `?limit=2&starting_after=${page.next}`
    }
    assert.deepStrictEqual(seen, seen.toSorted().toReversed())
    assert.strictEqual(new Set(seen).size, seen.length)
    assert.includeMembers(seen, made)
    const back = await gateway().call("GET", `/v1/accounts?limit=2&ending_before=${seen[3]}`, {
      as: gateway().operator
    })
    assert.deepStrictEqual(jsonOf<{ data: Array<{ id: string }> }>(back).data.map((_) => _.id), seen.slice(1, 3))
    assertProblem(await gateway().call("GET", "/v1/accounts", { as: account }), 403, "forbidden")
    assertProblem(
      await gateway().call("GET", "/v1/accounts?starting_after=acct_01ARZ3NDEKTSV4RRFFQ69G5FAV", {
        as: gateway().operator
      }),
      400,
      "resource_missing"
    )
  })

  it("that are not there cannot be changed, and nobody but the operator changes one", async () => {
    assertProblem(await change("acct_01ARZ3NDEKTSV4RRFFQ69G5FAV", { disabled: true }), 404, "resource_missing")
    assertProblem(await change("x", { disabled: true }), 404, "resource_missing")
    assertProblem(await change(accountOf(account), { disabled: true }, account), 403, "forbidden")
    for (const body of [{}, { disabled: "true" }, { disabled: null }, { name: "x" }, { disabled: true, id: "x" }]) {
      assertProblem(await change(accountOf(account), body), 422, "invalid_request")
    }
    assert.isTrue(await works(account))
    assertProblem(await gateway().call("GET", "/v1/account", { as: gateway().operator }), 403, "forbidden")
  })
})
