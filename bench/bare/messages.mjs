/** The gateway's messages and the envelope of its cards, by hand: both processors can drain one backlog. */
import { createCipheriv, createDecipheriv, createSecretKey } from "node:crypto"
import { reject } from "./cards.mjs"
import { random } from "./http.mjs"

/** `id:base64` of the one key. */
export const cardKey = (text) => {
  const colon = text.indexOf(":")
  return { id: text.slice(0, colon), key: createSecretKey(Buffer.from(text.slice(colon + 1), "base64")) }
}

/** Everything else that the decision reads: none of it can be changed on the way. */
const associated = (m) =>
  Buffer.from(JSON.stringify(["1", m.id, m.account, m.amount, m.currency, m.accepted_at, m.cvv]))

/** `1.<key id>.<base64url of nonce, ciphertext, tag>` */
export const seal = ({ id, key }, message, card) => {
  const nonce = random(12)
  const cipher = createCipheriv("aes-256-gcm", key, nonce)
  cipher.setAAD(associated(message))
  const text = JSON.stringify({
    number: card.number,
    holder: card.holder,
    exp_month: card.expMonth,
    exp_year: card.expYear
  })
  const box = Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()])
  return `1.${id}.${box.toString("base64url")}`
}

const unseal = ({ id, key }, message) => {
  const head = `1.${id}.`
  if (!message.card.startsWith(head)) throw new Error("sealed with another key")
  const box = Buffer.from(message.card.slice(head.length), "base64url")
  const decipher = createDecipheriv("aes-256-gcm", key, box.subarray(0, 12), { authTagLength: 16 })
  decipher.setAAD(associated(message))
  decipher.setAuthTag(box.subarray(-16))
  const opened = decipher.update(box.subarray(12, -16))
  // throws where the card does not open, and holds nothing more in this mode
  decipher.final()
  return JSON.parse(opened.toString())
}

/** The reason of a rejection, or null. Throws where the card does not open. */
export const decide = (key, message) => {
  const card = unseal(key, message)
  return reject({
    acceptedAt: message.accepted_at,
    amount: message.amount,
    cvv: message.cvv,
    expMonth: card.exp_month,
    expYear: card.exp_year,
    number: card.number
  }) ?? null
}

export const submissionMessage = (row) =>
  JSON.stringify({
    v: 1,
    id: row.id,
    account: row.account_id,
    amount: row.amount,
    currency: row.currency,
    accepted_at: row.accepted_at,
    cvv: row.cvv_shape,
    card: row.sealed_card
  })

export const resultMessage = (d) =>
  JSON.stringify({
    v: 1,
    id: d.id,
    decision: { status: d.reason === null ? "approved" : "rejected", reason: d.reason },
    decided_at: d.decided_at,
    partition: d.log_partition,
    offset: d.log_offset,
    appended_at: d.appended_at
  })
