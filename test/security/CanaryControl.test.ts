import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Redacted } from "effect"
import { randomBytes } from "node:crypto"
import { fromPlaintext } from "../../src/domain/Card.ts"
import { ProcessTransactions } from "../../src/services/ProcessTransactions.ts"
import { RecordDecisions } from "../../src/services/RecordDecisions.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { SubmitTransaction } from "../../src/services/SubmitTransaction.ts"
import { holderMark, markedCard, marks } from "../support/LayersCanary.ts"
import { eventually, ownTime } from "../support/LayersEventually.ts"
import { pipeline, type Wrapped } from "../support/LayersPipeline.ts"
import { newAccountId } from "../support/LayersSamples.ts"
import { formsOf, searchFor } from "../support/LayersSearch.ts"
import { temporaryFolder } from "../support/LayersSqlite.ts"

const numberMark = marks[0]!

describe("the search", () => {
  const search = searchFor(marks)
  const around = (bytes: Buffer) => Buffer.concat([randomBytes(1_000), bytes, randomBytes(1_000)])

  it("finds a mark in clear, in UTF-16 and in hex, wherever it lies", () => {
    for (const mark of marks) {
      for (const encoding of ["utf8", "utf16le"] as const) {
        assert.isNotEmpty(search.inBytes("here", around(Buffer.from(`x${mark}y`, encoding))), `${mark} ${encoding}`)
      }
      const hex = Buffer.from(`x${mark}y`).toString("hex")
      assert.isNotEmpty(search.inText("here", hex))
      assert.isNotEmpty(search.inText("here", hex.toUpperCase()))
    }
  })

  it("finds a mark in base64 and base64url at every alignment, whatever stands around it", () => {
    for (const mark of marks) {
      for (let before = 0; before < 7; before++) {
        for (let after = 0; after < 4; after++) {
          const bytes = Buffer.concat([randomBytes(before), Buffer.from(mark), randomBytes(after)])
          for (const encoding of ["base64", "base64url"] as const) {
            const encoded = around(Buffer.from(bytes.toString(encoding)))
            assert.isNotEmpty(search.inBytes("here", encoded), `${mark} ${encoding} ${before} ${after}`)
          }
        }
      }
    }
  })

  it("finds a security code that stands by its name, and not its shape", () => {
    for (const text of [`{"cvv":"123"}`, `cvv=1234`, `CVC: 123`, `{\\"cvv\\":\\"737\\"}`, `security_code '999'`]) {
      assert.isNotEmpty(search.inText("here", text), text)
    }
    for (const text of [`{"cvv":"3"}`, `{"cvv":"invalid"}`, `invalid_cvv`, `cvv_shape 4`]) {
      assert.isEmpty(search.inText("here", text), text)
    }
  })

  it("takes for no mark what may be shown, and no form of any mark for nothing", () => {
    const { number } = markedCard(0)
    for (const text of ["", `${number.slice(0, 6)}${"*".repeat(6)}${number.slice(-4)}`, "CANARY", "4539578"]) {
      assert.isEmpty(search.inText("here", text), text)
    }
    assert.isEmpty(search.inBytes("here", randomBytes(1_000_000)))
    for (const mark of marks) for (const { bytes } of formsOf(mark)) assert.isAtLeast(bytes.length, 8)
  })
})

/** Some marked transactions through every use case on files; answers where a mark was found. */
const foundWith = (wrapped: Wrapped) =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    const printed: Array<string> = []
    const log = Logger.add(Logger.make((entry) => printed.push(JSON.stringify(Logger.structuredLogger.log(entry)))))
    const { layer } = pipeline({ ...wrapped, folder })
    const search = searchFor(marks)
    const running = yield* Effect.gen(function*() {
      yield* Effect.forkScoped((yield* ProcessTransactions).run)
      yield* Effect.forkScoped((yield* RecordDecisions).run)
      const { submit } = yield* SubmitTransaction
      yield* Effect.forEach(Array.from({ length: 30 }, (_, index) => markedCard(index)), ({ cvv, ...card }) =>
        submit({
          accountId: newAccountId(),
          amount: 1_999,
          currency: "USD",
          card: fromPlaintext(card),
          cvv: Redacted.make(cvv),
          reference: null,
          metadata: {},
          claim: null
        }), { concurrency: "unbounded" })
      const { counts } = yield* SubmissionRepository
      yield* eventually("all are decided", counts, (_) => _.decided === 30, ownTime())
      return search.inFolder(folder)
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(layer, log)))
    const found = [...running.found, ...search.inFolder(folder).found, ...search.inText("the log", printed.join("\n"))]
    return [...new Set(found.map((_) => _.where.replace(/-wal$|-shm$/, "")))].toSorted()
  })

describe("the canary's control: a leak that is made on purpose is found", () => {
  it.scoped("nothing is found where nothing leaks", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* foundWith({}), [])
    }))

  let last = ""
  const remember: NonNullable<Wrapped["vault"]> = (of) => ({
    ...of,
    seal: (card, facts) => {
      last = Redacted.value(card.number)
      return of.seal(card, facts)
    }
  })

  const leaks: ReadonlyArray<readonly [string, Wrapped, string]> = [
    ["a vault that logs the number", {
      vault: (of) => ({
        ...of,
        seal: (card, facts) =>
          Effect.zipRight(Effect.logInfo(`sealing ${Redacted.value(card.number)}`), of.seal(card, facts))
      })
    }, "the log"],
    ["a vault that logs the holder, in hex", {
      vault: (of) => ({
        ...of,
        seal: (card, facts) =>
          Effect.zipRight(
            Effect.logWarning(Buffer.from(Redacted.value(card.holder)).toString("hex")),
            of.seal(card, facts)
          )
      })
    }, "the log"],
    ["a message that has the number in a header, in base64", {
      vault: remember,
      log: (of) => ({
        ...of,
        offer: (topic, record) =>
          of.offer(topic, { ...record, headers: { debug: Buffer.from(`n=${last}`).toString("base64") } })
      })
    }, "log.sqlite"],
    ["a seal that seals nothing", {
      vault: (of) => ({
        ...of,
        seal: (card, facts) =>
          Effect.map(of.seal(card, facts), ({ keyId, sealed }) => ({
            keyId,
            sealed: `${sealed}.${Buffer.from(Redacted.value(card.holder)).toString("base64url")}`
          })),
        open: (sealed, facts) => of.open(sealed.split(".").slice(0, 3).join("."), facts)
      })
    }, "gateway.sqlite"],
    ["a submission whose reference is the number", {
      vault: remember,
      submissions: (of) => ({
        ...of,
        insert: (submission, claim) => of.insert({ ...submission, reference: `card ${last}` }, claim)
      })
    }, "gateway.sqlite"]
  ]

  for (const [name, wrapped, where] of leaks) {
    it.scoped(name, () =>
      Effect.gen(function*() {
        assert.include(yield* foundWith(wrapped), where)
      }))
  }

  it("the marks are in the cards that are sent, and not in what a summary shows", () => {
    for (let index = 0; index < 200; index++) {
      const card = markedCard(index)
      assert.isTrue(marks.some((mark) => card.number.includes(mark)), card.number)
      assert.include(card.holder, holderMark)
      assert.isFalse(marks.some((mark) => mark.includes(card.number.slice(-4))))
    }
    assert.isTrue(markedCard(0).number.startsWith(numberMark))
  })
})
