import { HttpApi, type HttpApiEndpoint, OpenApi } from "@effect/platform"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { createConfig, lintFromString } from "@redocly/openapi-core"
import { Either, Option, ParseResult, Schema } from "effect"
import { GatewayApi } from "../../src/layers/http/Api.ts"
import { problemTypes } from "../../src/layers/http/Problem.ts"
import { card, cards, transaction } from "../support/HttpSamples.ts"

interface Example {
  readonly value: unknown
}
interface Content {
  readonly schema: unknown
  readonly examples?: Readonly<Record<string, Example>>
}
interface Answer {
  readonly $ref?: string
  readonly description?: string
  readonly headers?: Readonly<Record<string, unknown>>
  readonly content?: Readonly<Record<string, Content>>
}
interface Parameter {
  readonly $ref?: string
  readonly name?: string
  readonly in?: string
}
interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly description: string
  readonly tags: ReadonlyArray<string>
  readonly security: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly parameters: ReadonlyArray<Parameter>
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> }
  readonly responses: Readonly<Record<string, Answer>>
}
interface Document {
  readonly openapi: string
  readonly info: Readonly<Record<string, unknown>>
  readonly servers: ReadonlyArray<{ readonly url: string }>
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** What clients are sent. */
const text = JSON.stringify(OpenApi.fromApi(GatewayApi))
const document = JSON.parse(text) as Document

type AnyEndpoint = HttpApiEndpoint.HttpApiEndpoint.AnyWithProps

interface Described {
  readonly name: string
  readonly endpoint: AnyEndpoint
  readonly operation: Operation
}

const described: ReadonlyArray<Described> = (() => {
  const found: Array<Described> = []
  HttpApi.reflect(GatewayApi, {
    onGroup: () => {},
    onEndpoint: ({ endpoint }) => {
      const path = endpoint.path.replaceAll(/:(\w+)/g, "{$1}")
      const operation = document.paths[path]?.[endpoint.method.toLowerCase()]
      assert.isDefined(operation, `${endpoint.method} ${path}`)
      found.push({ name: endpoint.name, endpoint: endpoint as unknown as AnyEndpoint, operation })
    }
  })
  return found
})()

const named = (name: string): Described => described.find((_) => _.name === name)!

const resolve = <A>(part: A & { readonly $ref?: string }): A => {
  if (part.$ref === undefined) return part
  const [kind, name] = part.$ref.split("/").slice(-2) as [string, string]
  assert.property(document.components[kind], name)
  return document.components[kind]![name] as A
}

const answerOf = (operation: Operation, status: number) => resolve(operation.responses[status]!)

/** Every rule that the linter has, but those of taste. */
const rules = {
  "info-contact": "off",
  "path-http-verbs-order": "off",
  "path-segment-plural": "off",
  "paths-kebab-case": "off",
  "required-string-property-missing-min-length": "off",
  "scalar-property-missing-example": "off",
  "tags-alphabetical": "off",
  "response-mime-type": {
    severity: "error",
    allowedValues: ["application/json", "application/problem+json", "text/csv", "text/event-stream"]
  }
} as const

type Config = Awaited<ReturnType<typeof createConfig>>
let everything: Config
let examplesAlone: Config

beforeAll(async () => {
  everything = await createConfig({ extends: ["all"], rules })
  examplesAlone = await createConfig({
    rules: { "no-invalid-media-type-examples": "error", "no-invalid-parameter-examples": "error" }
  })
})

const lint = async (source: string, config: Config = everything) => {
  const problems = await lintFromString({ source, config, absoluteRef: "/openapi.json" })
  return problems.map((_) => ({
    rule: _.ruleId,
    message: _.message,
    pointers: _.location.map((at) => "pointer" in at ? String(at.pointer) : "")
  }))
}

const changed = (change: (copy: any) => void): string => {
  const copy = JSON.parse(text) as unknown
  change(copy)
  return JSON.stringify(copy)
}

describe("the linter", () => {
  it("finds nothing wrong with the document", async () => {
    assert.deepStrictEqual(await lint(text), [])
  })

  it.each<readonly [rule: string, change: (copy: any) => void]>([
    ["struct", (_) => delete _.info.title],
    ["no-unresolved-refs", (_) => delete _.components.schemas.Timestamp],
    ["no-unused-components", (_) => _.components.schemas.Lonely = { type: "string" }],
    ["security-defined", (_) => delete _.components.securitySchemes.basic],
    ["operation-description", (_) => delete _.paths["/v1/account"].get.description],
    ["operation-4xx-response", (_) => _.paths["/v1/account"].get.responses = { 200: { description: "yes" } }],
    ["operation-operationId-unique", (_) => _.paths["/v1/account"].get.operationId = "readAudit"],
    ["path-parameters-defined", (_) => _.paths["/v1/transactions/{id}"].get.parameters = []],
    [
      "no-invalid-media-type-examples",
      (_) => _.paths["/v1/transactions"].post.requestBody.content["application/json"].examples.least.value.amount = "1"
    ],
    ["no-invalid-schema-examples", (_) => _.components.schemas.TransactionId.examples = ["txn_"]],
    ["no-enum-type-mismatch", (_) => _.components.schemas.Session.properties.scope.enum.push(1)]
  ])("sees a broken document: %s", async (rule, change) => {
    assert.include((await lint(changed(change))).map((_) => _.rule), rule)
  })
})

describe("the document", () => {
  it("is of OpenAPI 3.1, with the contract's version and a licence, relative to where it is", () => {
    assert.match(document.openapi, /^3\.1\./)
    assert.deepInclude(document.info, { title: "Payment gateway", version: "1" })
    assert.property(document.info, "license")
    assert.notProperty(document.info, "contact")
    assert.deepStrictEqual(document.servers.map((_) => _.url), ["/"])
  })

  it("has the operations of the contract and no other, by their names", () => {
    const operations = Object.values(document.paths).flatMap((_) => Object.values(_))
    assert.deepStrictEqual(operations.map((_) => _.operationId).toSorted(), described.map((_) => _.name).toSorted())
    for (const { name, operation } of described) {
      assert.strictEqual(operation.operationId, name)
      assert.lengthOf(operation.tags, 1)
      assert.isAbove(operation.summary.length, 5, name)
      assert.isAbove(operation.description.length, 5, name)
    }
  })

  it("has nothing of the platform's own", () => {
    for (const foreign of ["HttpApiDecodeError", "Problem_", "\"Int\"", "a string matching", "between("]) {
      assert.notInclude(text, foreign)
    }
  })

  it("holds no secret that could be one", () => {
    assert.notMatch(text, /sk_(?!0{72})/)
  })
})

describe("every operation", () => {
  it.each(described)("$name: what the HTTP server itself can answer, and every problem as one", ({ operation }) => {
    const statuses = Object.keys(operation.responses).map(Number)
    assert.includeMembers(statuses, [400, 406, 408, 417, 431, 500, 503])
    if (operation.requestBody !== undefined) assert.includeMembers(statuses, [413, 415, 422])
    assert.isNotEmpty(statuses.filter((_) => _ < 300))
    for (const status of statuses) {
      const { content = {}, description = "", headers = {} } = answerOf(operation, status)
      assert.isNotEmpty(description)
      assert.property(headers, "Request-Id")
      if (status < 400) continue
      assert.deepStrictEqual(Object.keys(content), ["application/problem+json"])
      const { examples = {}, schema } = content["application/problem+json"]!
      const [base, own] = (schema as { allOf: [unknown, { properties: { code: { enum: Array<string> } } }] }).allOf
      assert.deepStrictEqual(base, { $ref: "#/components/schemas/Problem" })
      assert.deepStrictEqual(own.properties.code.enum, Object.keys(examples))
      assert.property(headers, status === 401 ? "WWW-Authenticate" : "Request-Id")
      assert.strictEqual("Retry-After" in headers, status === 429 || status === 503)
    }
  })

  it.each(described)("$name: the statuses of the contract", ({ endpoint, operation }) => {
    const successes = Object.keys(operation.responses).map(Number).filter((_) => _ < 300)
    const declared: Array<number> = []
    HttpApi.reflect(GatewayApi, {
      predicate: (_) => _.endpoint.name === endpoint.name,
      onGroup: () => {},
      onEndpoint: (_) => declared.push(..._.successes.keys())
    })
    assert.sameMembers(successes, declared)
  })

  it.each(described)("$name: asks for a credential, unless it is the sign-in", ({ endpoint, operation }) => {
    const isOpen = endpoint.path === "/v1/session" && endpoint.method !== "GET"
    const credentials = endpoint.path === "/v1/session" ? [{ session: [] }] : [{ basic: [] }, { session: [] }]
    assert.deepStrictEqual(operation.security, isOpen ? [] : credentials)
    assert.strictEqual(
      "401" in operation.responses && "429" in operation.responses,
      !isOpen || endpoint.method === "POST"
    )
  })

  it.each(described)("$name: describes its parameters", ({ endpoint, operation }) => {
    const parameters = operation.parameters.map(resolve)
    const of = (place: string) => parameters.filter((_) => _.in === place).map((_) => _.name!.toLowerCase()).toSorted()
    const fieldsOf = (schema: Option.Option<Schema.Schema.All>) =>
      Option.match(schema, {
        onNone: () => [],
        onSome: (_) => Object.keys((_ as unknown as { fields: Readonly<Record<string, unknown>> }).fields).toSorted()
      })
    assert.deepStrictEqual(of("query"), fieldsOf(endpoint.urlParamsSchema))
    assert.deepStrictEqual(of("header"), fieldsOf(endpoint.headersSchema))
    assert.deepStrictEqual(of("path"), fieldsOf(endpoint.pathSchema))
    for (const parameter of parameters) assert.property(parameter, "description", parameter.name)
  })
})

describe("codes", () => {
  it("are all there, but that of another method", () => {
    const told = new Set(
      described.flatMap(({ operation }) =>
        Object.keys(operation.responses).flatMap((status) =>
          Object.keys(answerOf(operation, Number(status)).content?.["application/problem+json"]?.examples ?? {}).map(
            (code) => `${status} ${code}`
          )
        )
      )
    )
    const codes = Object.entries(problemTypes).map(([name, { status }]) =>
      `${status} ${name === "unknown_cursor" ? "resource_missing" : name}`
    )
    assert.sameMembers([...told], codes.filter((_) => _ !== "405 method_not_allowed"))
  })
})

describe("headers and media types of", () => {
  const headersOf = (name: string, status: number) => Object.keys(answerOf(named(name).operation, status).headers!)

  it("a submission", () => {
    const names = ["Location", "Preference-Applied", "Idempotent-Replayed"]
    assert.includeMembers(headersOf("submitTransaction", 201), names)
    assert.includeMembers(headersOf("submitTransaction", 202), [...names, "Retry-After"])
    assert.deepStrictEqual(named("submitTransaction").operation.parameters.map((_) => resolve(_).name), [
      "Prefer",
      "Idempotency-Key"
    ])
  })

  it("a conditional read", () => {
    for (const status of [200, 304]) {
      assert.includeMembers(headersOf("findTransaction", status), ["ETag", "Cache-Control", "Vary", "RateLimit"])
    }
    assert.notProperty(answerOf(named("findTransaction").operation, 304), "content")
    assert.strictEqual(described.filter((_) => "304" in _.operation.responses).length, 1)
  })

  it("a list, which is CSV too, and of events", () => {
    const typesOf = (name: string) => Object.keys(answerOf(named(name).operation, 200).content!)
    assert.deepStrictEqual(typesOf("listTransactions"), ["application/json", "text/csv"])
    assert.deepStrictEqual(typesOf("streamEvents"), ["text/event-stream"])
  })

  it("a session", () => {
    assert.include(headersOf("createSession", 201), "Set-Cookie")
    assert.include(headersOf("deleteSession", 204), "Set-Cookie")
    assert.notInclude(headersOf("createSession", 201), "RateLimit")
  })
})

/** As the server reads a body: unknown members are refused. */
const accepts = (schema: Option.Option<Schema.Schema.All>, value: unknown): boolean =>
  Either.isRight(
    ParseResult.decodeUnknownEither(Option.getOrThrow(schema) as Schema.Schema<unknown>, { onExcessProperty: "error" })(
      value
    )
  )

describe("examples", () => {
  it.each(described)(
    "$name: of its body and of each success, and the contract takes them",
    ({ endpoint, operation }) => {
      const requests = Object.values(operation.requestBody?.content["application/json"]!.examples ?? {})
      assert.strictEqual(requests.length > 0, operation.requestBody !== undefined)
      for (const { value } of requests) assert.isTrue(accepts(endpoint.payloadSchema, value), JSON.stringify(value))
      for (const status of Object.keys(operation.responses).map(Number).filter((_) => _ < 300)) {
        for (const [type, { examples = {} }] of Object.entries(answerOf(operation, status).content ?? {})) {
          assert.isNotEmpty(examples, `${status} ${type}`)
          if (type !== "application/json") continue
          for (const { value } of Object.values(examples)) {
            assert.isTrue(accepts(Option.some(endpoint.successSchema), value), JSON.stringify(value))
          }
        }
      }
    }
  )
})

/** Which of these the document's own schemas refuse: the linter looks at examples. */
const refusedBySchema = async (samples: ReadonlyArray<unknown>, place: (copy: any, examples: unknown) => void) => {
  const examples = Object.fromEntries(samples.map((value, i) => [`sample${i}`, { value }]))
  const problems = await lint(changed((copy) => place(copy, examples)), examplesAlone)
  const names = problems.flatMap((_) => _.pointers).map((_) => /sample(\d+)/.exec(_)?.[1]).filter((_) =>
    _ !== undefined
  )
  return new Set(names.map(Number))
}

describe("what the document says of a request is what the server takes", () => {
  const many = (pairs: number) => Object.fromEntries(Array.from({ length: pairs }, (_, i) => [`k${i}`, "v"]))
  const bodies: ReadonlyArray<readonly [path: string, name: string, samples: ReadonlyArray<unknown>]> = [
    ["/v1/transactions", "submitTransaction", [
      transaction(),
      ...[0, -100, 100_001, 100.0, 10.5, "100", null, true, 9_007_199_254_740_991, 9_007_199_254_740_992].map((
        amount
      ) => transaction({ amount })),
      ...["USD", "EUR", "usd", null, ""].map((currency) => transaction({ currency })),
      ...["", "r", "é".repeat(255), "é".repeat(256), "😀".repeat(255), "a\0b", null, 1].map((reference) =>
        transaction({ reference })
      ),
      ...[
        {},
        { a: "b" },
        { a: 1 },
        { a: null },
        null,
        [],
        many(50),
        many(51),
        { ["k".repeat(40)]: "" },
        { ["k".repeat(41)]: "" },
        { k: "v".repeat(500) },
        { k: "v".repeat(501) },
        { "a\0": "b" },
        { k: "\0" },
        JSON.parse("{\"__proto__\":\"x\"}")
      ].map((metadata) => transaction({ metadata })),
      ...["", "abcd", "4".repeat(64), "4".repeat(65), 4242424242424242, null, "4242\0"].map((number) =>
        transaction({}, { number })
      ),
      ...["", "x", "x".repeat(255), "x".repeat(256), null, 7].map((name) => transaction({}, { holder: name })),
      ...[-1, 0, 12, 13, 99, 100, 1.5, "12", null].map((exp_month) => transaction({}, { exp_month })),
      ...[-1, 0, 27, 100, 9999, 10_000, "2027", null].map((exp_year) => transaction({}, { exp_year })),
      ...["", "12", "739", "1".repeat(16), "1".repeat(17), 739, null].map((cvv) => transaction({}, { cvv })),
      transaction({ status: "approved" }),
      transaction({}, { brand: "visa" }),
      ...["number", "holder", "exp_month", "exp_year", "cvv"].map((name) => {
        const { [name]: _, ...rest } = card()
        return { amount: 1999, card: rest }
      }),
      { amount: 1999 },
      { card: card() },
      { amount: 1999, card: [] },
      {},
      [],
      null,
      "x",
      1
    ]],
    ["/v1/account/secrets", "createSecret", [
      {},
      ...["full", "read_only", "none", null, 1].map((scope) => ({ scope })),
      ...[0, 1, 86_400, 2_592_000, 2_592_001, -1, 0.5, "1", null].map((expire_current_in) => ({ expire_current_in })),
      { scope: "full", more: 1 },
      [],
      null
    ]],
    ["/v1/session", "createSession", [
      ...["", "a", "a".repeat(64), "a".repeat(65), "a\0", null].map((account) => ({ account, secret: "s" })),
      ...["", "s", "s".repeat(255), "s".repeat(256), 1].map((secret) => ({ account: "a", secret })),
      { account: "a" },
      { secret: "s" }
    ]],
    ["/v1/accounts", "createAccount", [
      ...["", "n", "n".repeat(255), "n".repeat(256), "\0", null, 1].map((name) => ({ name })),
      {},
      { name: "n", id: "acct_1" }
    ]]
  ]

  it.each(bodies)("POST %s", async (path, name, samples) => {
    const { payloadSchema } = named(name).endpoint
    const refused = await refusedBySchema(samples, (copy, examples) => {
      copy.paths[path].post.requestBody.content["application/json"].examples = examples
    })
    assert.isAbove(refused.size, 2)
    assert.isBelow(refused.size, samples.length)
    samples.forEach((sample, i) =>
      assert.strictEqual(!refused.has(i), accepts(payloadSchema, sample), JSON.stringify(sample)?.slice(0, 200))
    )
  })

  it("a card number in a text is what only the server sees", async () => {
    const samples = [transaction({ reference: cards.visa }), transaction({}, { holder: cards.amex })]
    const refused = await refusedBySchema(samples, (copy, examples) => {
      copy.paths["/v1/transactions"].post.requestBody.content["application/json"].examples = examples
    })
    assert.strictEqual(refused.size, 0)
    for (const sample of samples) assert.isFalse(accepts(named("submitTransaction").endpoint.payloadSchema, sample))
  })

  it.each<readonly [name: string, samples: ReadonlyArray<unknown>]>([
    ["limit", [1, 10, 100, 0, 101, -1, 1.5, "x", ""]],
    ["status", ["processing", "approved", "rejected", "Approved", ""]],
    ["amount[gte]", [0, -5, 999_999_999_999_999, 1_000_000_000_000_000, 1.5, "x"]],
    ["created[gte]", [
      "2026-11-02T09:15:30.118Z",
      "2026-11-02T09:15:30+01:00",
      "1969-12-31T23:59:59Z",
      "0137-01-02T14:48:58Z",
      "2026-11-02",
      ""
    ]],
    ["last4", ["4242", "424", "42424", "abcd"]],
    ["brand", ["visa", "amex", "VISA", ""]],
    ["reference", ["", "r", "r".repeat(255), "r".repeat(256)]],
    ["account", ["acct_01M6DQS9M08QK4V5N6M7P8Q9RS", "acct_x", ""]],
    ["starting_after", ["txn_01M6DRNNY68QK4V5N6M7P8Q9RS", "anything"]]
  ])("GET /v1/transactions?%s", async (name, samples) => {
    const { urlParamsSchema } = named("listTransactions").endpoint
    const refused = await refusedBySchema(samples, (copy, examples) => {
      const { parameters } = copy.paths["/v1/transactions"].get
      for (const parameter of [...parameters, ...Object.values(copy.components.parameters)] as Array<any>) {
        if (parameter.name === name) {
          delete parameter.example
          parameter.examples = examples
        }
      }
    })
    for (const [i, sample] of samples.entries()) {
      assert.strictEqual(!refused.has(i), accepts(urlParamsSchema, { [name]: String(sample) }), String(sample))
    }
  })
})
