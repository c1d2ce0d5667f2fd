import { GatewayClient } from "../../src/layers/client/GatewayClient.ts"
import { GatewayError } from "../../src/layers/client/GatewayError.ts"
import type { ClientOptions } from "../../src/layers/client/Transport.ts"
import { accountOf, type Credential, secretOf } from "./GatewayFixture.ts"

/** Waits that a test can bear. */
export const quick: Pick<ClientOptions, "timeout" | "retry"> = {
  timeout: "2 seconds",
  retry: { attempts: 5, first: 5, longest: 50, total: "10 seconds" }
}

export const clientOptions = (baseUrl: string, credential: Credential = "acct_x:sk_x"): ClientOptions => ({
  baseUrl,
  account: accountOf(credential),
  secret: secretOf(credential),
  ...quick
})

export const promiseClient = (baseUrl: string, credential?: Credential, options: Partial<ClientOptions> = {}) =>
  GatewayClient.promise({ ...clientOptions(baseUrl, credential), ...options })

/** What a call fails with. */
export const failureOf = (call: Promise<unknown>): Promise<GatewayError> =>
  call.then(
    () => Promise.reject(new Error("the call did not fail")),
    (error: unknown) => error instanceof GatewayError ? error : Promise.reject(error)
  )
