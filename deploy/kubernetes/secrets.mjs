// @ts-check
/**
 * Prints the Secrets that the manifests name, with keys that are new:
 *
 *   node deploy/kubernetes/secrets.mjs | kubectl create --namespace gateway -f -
 *
 * With DATABASE_URL and PROCESSOR_DATABASE_URL in the environment, for those databases; without them, for the MySQL of the
 * development overlay, whose passwords are made too. `create`, not `apply`: it refuses to put a new pepper and new card keys
 * in the place of those with which there are data already.
 */
import { randomBytes } from "node:crypto"

const { DATABASE_URL, PROCESSOR_DATABASE_URL } = process.env

if ((DATABASE_URL === undefined) !== (PROCESSOR_DATABASE_URL === undefined)) {
  console.error("Set both DATABASE_URL and PROCESSOR_DATABASE_URL, or none for the development overlay's MySQL.")
  process.exit(1)
}

const password = () => randomBytes(24).toString("base64url")
const passwords = { root: password(), gateway: password(), processor: password() }

/** @type {Record<string, Record<string, string>>} */
const secrets = {
  "gateway-keys": {
    OPERATOR_SECRET: `op_${randomBytes(32).toString("base64url")}`,
    SECRET_PEPPER: randomBytes(32).toString("base64")
  },
  "card-keys": { CARD_KEYS: `k1:${randomBytes(32).toString("base64")}` },
  "gateway-database": { DATABASE_URL: DATABASE_URL ?? `mysql://gateway:${passwords.gateway}@mysql:3306/gateway` },
  "processor-database": {
    PROCESSOR_DATABASE_URL: PROCESSOR_DATABASE_URL ?? `mysql://processor:${passwords.processor}@mysql:3306/processor`
  },
  ...(DATABASE_URL === undefined
    ? { mysql: Object.fromEntries(Object.entries(passwords).map(([user, value]) => [`${user}-password`, value])) }
    : {})
}

console.log(JSON.stringify({
  apiVersion: "v1",
  kind: "List",
  items: Object.entries(secrets).map(([name, stringData]) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, labels: { "app.kubernetes.io/part-of": "payment-gateway" } },
    stringData
  }))
}))
