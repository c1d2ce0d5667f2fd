import { assert, beforeAll, describe, it } from "@effect/vitest"
import { type Credential, jsonOf, transactionOf, useGateway } from "../support/GatewayFixture.ts"
import { assertProblem } from "../support/HttpAssertions.ts"
import { cards, type ListJson, transaction } from "../support/HttpSamples.ts"

const gateway = useGateway()
const count = 25
let account: Credential = ""
/** Newest first. */
let ids: ReadonlyArray<string> = []

const submitMany = async (as: Credential, many: number, reference = "listed") => {
  const answers = await Promise.all(
    Array.from({ length: many }, (_, i) => gateway().submit(as, transaction({ reference, amount: 1000 + i })))
  )
  return answers.map((_) => transactionOf(_).id)
}

beforeAll(async () => {
  account = await gateway().createAccount()
  ids = (await submitMany(account, count)).toSorted().toReversed()
})

const list = async (query: string, as = account) => {
  const answer = await gateway().call("GET", `/v1/transactions${query}`, { as })
  assert.strictEqual(answer.status, 200, answer.text)
  assert.strictEqual(answer.headers["content-type"], "application/json")
  const found = jsonOf<ListJson>(answer)
  assert.sameMembers(Object.keys(found), ["object", "data", "has_more", "next", "url"])
  assert.deepStrictEqual([found.object, found.url], ["list", "/v1/transactions"])
  return { ...found, ids: found.data.map((_) => _.id) }
}

/** All pages, from where the first query begins. */
const walk = async (
  cursor: "starting_after" | "ending_before",
  limit: number,
  first = "",
  between = async () => {}
) => {
  const pages: Array<ReadonlyArray<string>> = []
  for (let query = first;;) {
    const page = await list(`?limit=${limit}${query}`)
    pages.push(page.ids)
    if (!page.has_more) {
      assert.isNull(page.next)
      return pages
    }
    assert.lengthOf(page.ids, limit)
    assert.strictEqual(page.next, cursor === "starting_after" ? page.ids.at(-1) : page.ids[0])
    query = `&${cursor}=${page.next}`
    await between()
  }
}

describe("GET /v1/transactions", () => {
  it("is newest first, ten at a time", async () => {
    const found = await list("")
    assert.deepStrictEqual(found.ids, ids.slice(0, 10))
    assert.deepStrictEqual([found.has_more, found.next], [true, ids[9]])
  })

  it.each([1, 2, 24, 25, 26, 100])("takes limit=%d", async (limit) => {
    const found = await list(`?limit=${limit}`)
    assert.deepStrictEqual(found.ids, ids.slice(0, limit))
    assert.strictEqual(found.has_more, limit < count)
    assert.strictEqual(found.next, limit < count ? ids[limit - 1] : null)
  })

  it.each([1, 7, 24, 25])("pages forward by %d through each once", async (limit) => {
    assert.deepStrictEqual((await walk("starting_after", limit)).flat(), ids)
  })

  it.each([1, 7, 23, 24])("pages backward by %d through each once, each page newest first", async (limit) => {
    const pages = await walk("ending_before", limit, `&ending_before=${ids.at(-1)}`)
    for (const page of pages) assert.deepStrictEqual(page, page.toSorted().toReversed())
    assert.deepStrictEqual(pages.toReversed().flat(), ids.slice(0, -1))
  })

  it("ends where nothing is older or newer", async () => {
    for (const query of [`?starting_after=${ids.at(-1)}`, `?ending_before=${ids[0]}`]) {
      const found = await list(query)
      assert.deepStrictEqual([found.ids, found.has_more, found.next], [[], false, null])
    }
  })

  it("is empty for an account that has none", async () => {
    const found = await list("", await gateway().createAccount())
    assert.deepStrictEqual([found.ids, found.has_more, found.next], [[], false, null])
  })

  it("answers each as GET /v1/transactions/{id} does", async () => {
    const { data } = await list("?limit=3")
    for (const found of data) {
      const read = transactionOf(await gateway().call("GET", `/v1/transactions/${found.id}`, { as: account }))
      assert.deepStrictEqual({ ...read, status: "", decided_at: "" }, { ...found, status: "", decided_at: "" })
    }
  })

  it("answers a HEAD with the same headers and no body", async () => {
    const [got, head] = [
      await gateway().call("GET", "/v1/transactions?limit=25", { as: account }),
      await gateway().call("HEAD", "/v1/transactions?limit=25", { as: account })
    ]
    assert.deepStrictEqual([head.status, head.text, head.headers["content-type"]], [200, "", "application/json"])
    assert.closeTo(Number(head.headers["content-length"]), Buffer.byteLength(got.text), 200)
    assert.isNotEmpty(head.headers["request-id"])
  })
})

describe("under concurrent inserts", () => {
  it("paging forward repeats nothing and misses nothing that was there", async () => {
    const writing: Array<Promise<ReadonlyArray<string>>> = []
    const pages = await walk("starting_after", 3, "", async () => {
      writing.push(submitMany(account, 5, "later"))
    })
    const later = new Set((await Promise.all(writing)).flat())
    const seen = pages.flat()
    assert.strictEqual(new Set(seen).size, seen.length)
    assert.deepStrictEqual(seen.filter((id) => !later.has(id)), ids)
  })

  it("paging backward meets what came in the meantime", async () => {
    const before = await list("?limit=100")
    const from = before.ids[0]!
    const added: Array<string> = []
    const pages = await walk("ending_before", 2, `&ending_before=${ids.at(-1)}`, async () => {
      if (added.length < 6) added.push(...await submitMany(account, 2, "newest"))
    })
    const seen = pages.toReversed().flat()
    assert.strictEqual(new Set(seen).size, seen.length)
    assert.deepStrictEqual(seen, seen.toSorted().toReversed())
    assert.includeMembers(seen, [...added, from])
  })
})

describe("400 invalid_query", () => {
  it.each([
    "limit=0",
    "limit=101",
    "limit=-1",
    "limit=1.5",
    "limit=ten",
    "limit=",
    "limit=1e1",
    "limit=0x10",
    "limit=%2010",
    "limit=%2B5",
    "limit=NaN",
    "limit=Infinity",
    "limit=9007199254740993",
    "limit=%D9%A1",
    "limit=5&limit=5",
    "limit[]=5",
    "Limit=5",
    "offset=5",
    "page=2",
    "sort=amount",
    "constructor=x",
    "__proto__=x",
    `${cards.visa}=1`,
    `card=${cards.visa}`,
    "limit=%00",
    "limit=%zz",
    "=5"
  ])("?%s", async (query) => {
    const answer = await gateway().call("GET", `/v1/transactions?${query}`, { as: account })
    assertProblem(answer, 400, "invalid_query", [cards.visa, "9007199254740993"])
  })

  it("both cursors at once", async () => {
    const answer = await gateway().call(
      "GET",
      `/v1/transactions?starting_after=${ids[3]}&ending_before=${ids[5]}`,
      { as: account }
    )
    assertProblem(answer, 400, "invalid_query", [ids[3]!])
  })

  it.each(["/v1/transactions/{id}", "/v1/transactions/{id}/timeline"])("an unknown parameter of %s", async (path) => {
    const answer = await gateway().call("GET", `${path.replace("{id}", ids[0]!)}?expand=card`, { as: account })
    assertProblem(answer, 400, "invalid_query")
  })

  it("an unknown parameter of /v1/operator/audit", async () => {
    assertProblem(
      await gateway().call("GET", "/v1/operator/audit?at=1", { as: gateway().operator }),
      400,
      "invalid_query"
    )
  })
})

describe("a cursor that is no id at all", () => {
  it.each(["x", "txn_", "txn_1", "null", "%00", "'%20OR%201=1", "txn_01arz3ndektsv4rrffq69g5fav"])(
    "%s is 400, and not repeated",
    async (cursor) => {
      for (const name of ["starting_after", "ending_before"]) {
        const answer = await gateway().call("GET", `/v1/transactions?${name}=${cursor}`, { as: account })
        assertProblem(answer, 400, ["invalid_query", "resource_missing"], cursor.length > 8 ? [cursor] : [])
      }
    }
  )
})
