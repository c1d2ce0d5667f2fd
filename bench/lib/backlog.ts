import { Effect, Layer, Redacted } from "effect"
import kafkajs from "kafkajs"
import { randomBytes } from "node:crypto"
import { makeAccountId, makeTransactionId } from "../../src/domain/Ids.ts"
import { AesCardVault } from "../../src/layers/AesCardVault.ts"
import { JsonPresenter } from "../../src/layers/JsonPresenter.ts"
import { CardKeys } from "../../src/layers/Keys.ts"
import { SystemRandomness } from "../../src/layers/SystemRandomness.ts"
import { CardVault } from "../../src/services/CardVault.ts"
import { Presenter } from "../../src/services/Presenter.ts"
import { type Place, recordsIn } from "./place.ts"
import { between, cardNumber, holders, mix, pick } from "./requests.ts"
import type { Keys } from "./servers.ts"

export interface Waiting {
  readonly id: string
  readonly value: Buffer
  /** `approved`, or the reason of a rejection. */
  readonly expected: string
}

/** As if accepted at this rate, until now. */
const perMillisecond = 10

/** Messages as the gateway's intake makes them: its presenter, its vault, its keys. */
export const makeBacklog = (count: number, { CARD_KEYS }: Keys): Promise<ReadonlyArray<Waiting>> =>
  Effect.gen(function*() {
    const presenter = yield* Presenter
    const vault = yield* CardVault
    const start = Date.now() - count / perMillisecond
    const accountId = makeAccountId(start, randomBytes(10))
    const year = new Date().getUTCFullYear()
    const backlog: Array<Waiting> = []
    for (let index = 0; index < count; index++) {
      const acceptedAt = Math.floor(start + index / perMillisecond)
      const [expected, amount] = mix(index)
      const card = {
        number: Redacted.make(cardNumber("4", 16)),
        holder: Redacted.make(pick(holders)),
        expMonth: between(1, 12),
        expYear: year + between(1, 5)
      }
      const facts = {
        id: makeTransactionId(acceptedAt, randomBytes(10)),
        accountId,
        amount,
        currency: "USD",
        acceptedAt,
        cvvShape: "3"
      } as const
      const { keyId, sealed } = yield* vault.seal(card, facts)
      const { value } = presenter.submission({
        ...facts,
        card: { brand: null, bin: null, last4: null, expMonth: 1, expYear: year, fingerprint: null },
        sealedCard: sealed,
        keyId,
        reference: null,
        metadata: {},
        giveUpToken: null
      })
      backlog.push({ id: facts.id, value: Buffer.from(value), expected })
    }
    return backlog
  }).pipe(
    Effect.provide(AesCardVault.pipe(
      Layer.provide(Layer.succeed(CardKeys, [{
        id: CARD_KEYS.slice(0, CARD_KEYS.indexOf(":")),
        key: Buffer.from(CARD_KEYS.slice(CARD_KEYS.indexOf(":") + 1), "base64")
      }])),
      Layer.provide(SystemRandomness),
      Layer.merge(JsonPresenter)
    )),
    Effect.runPromise
  )

const perSend = 2_000

/** Puts the messages where the processor finds them. */
export const appendBacklog = async (place: Place, backlog: ReadonlyArray<Waiting>) => {
  const producer = place.kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner
  })
  await producer.connect()
  for (let at = 0; at < backlog.length; at += perSend) {
    await producer.send({
      topic: place.topic("transactions"),
      acks: -1,
      messages: backlog.slice(at, at + perSend).map(({ id, value }) => ({ key: id, value }))
    })
  }
  await producer.disconnect()
  const stored = await recordsIn(place, "transactions")
  if (stored !== backlog.length) throw new Error(`${stored} of ${backlog.length} messages are in the topic`)
}
