import { readFileSync } from "node:fs"
import { join } from "node:path"

export const credentialFile = (dataDir: string) => join(dataDir, "demo-credential.json")

/** The demo account's `account:secret`. */
export const readCredential = (dataDir: string): string => {
  const { account, secret } = JSON.parse(readFileSync(credentialFile(dataDir), "utf8")) as {
    readonly account: string
    readonly secret: string
  }
  return `${account}:${secret}`
}

/** The value of `Authorization`. */
export const basic = (credential: string): string => `Basic ${Buffer.from(credential).toString("base64")}`
