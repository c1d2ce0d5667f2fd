// @ts-check
/**
 * The service `secrets` of compose.yaml: makes every secret once, in a volume of its own, and writes to the volume of each
 * role what that role asks for. It runs at every `up` and changes nothing that is there. A value that is edited in
 * secrets.json (a second card key, say) reaches the roles with the next `up` and their restart.
 */
import { randomBytes } from "node:crypto"
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs"

const folder = "/secrets"
const file = `${folder}/all/secrets.json`

const password = () => randomBytes(24).toString("base64url")

/** @param {string} path @param {string} text @param {number} mode */
const write = (path, text, mode) => {
  writeFileSync(`${path}.new`, text, { mode, flush: true })
  renameSync(`${path}.new`, path)
}

if (!existsSync(file)) {
  const made = {
    OPERATOR_SECRET: `op_${randomBytes(32).toString("base64url")}`,
    SECRET_PEPPER: randomBytes(32).toString("base64"),
    CARD_KEYS: `k1:${randomBytes(32).toString("base64")}`,
    MYSQL_ROOT_PASSWORD: password(),
    GATEWAY_DATABASE_PASSWORD: password(),
    PROCESSOR_DATABASE_PASSWORD: password(),
    GRAFANA_ADMIN_PASSWORD: password()
  }
  write(file, `${JSON.stringify(made, null, 2)}\n`, 0o600)
}
const kept = JSON.parse(readFileSync(file, "utf8"))

const secrets = {
  ...kept,
  DATABASE_URL: `mysql://gateway:${kept.GATEWAY_DATABASE_PASSWORD}@mysql:3306/gateway`,
  PROCESSOR_DATABASE_URL: `mysql://processor:${kept.PROCESSOR_DATABASE_PASSWORD}@mysql:3306/processor`
}

/** Each volume is in one role's containers alone, whose users differ: readable by all of them. */
const readable = 0o444

const roles = {
  intake: ["DATABASE_URL", "OPERATOR_SECRET", "SECRET_PEPPER", "CARD_KEYS"],
  processor: ["PROCESSOR_DATABASE_URL", "CARD_KEYS"],
  recorder: ["DATABASE_URL"],
  migrate: ["DATABASE_URL", "PROCESSOR_DATABASE_URL"]
}
for (const [role, names] of Object.entries(roles)) {
  write(`${folder}/${role}/secrets.env`, names.map((name) => `${name}='${secrets[name]}'\n`).join(""), readable)
}

const files = {
  "mysql/root-password": kept.MYSQL_ROOT_PASSWORD,
  "mysql/gateway-password": kept.GATEWAY_DATABASE_PASSWORD,
  "mysql/processor-password": kept.PROCESSOR_DATABASE_PASSWORD,
  "grafana/admin-password": kept.GRAFANA_ADMIN_PASSWORD
}
for (const [path, text] of Object.entries(files)) write(`${folder}/${path}`, text, readable)
