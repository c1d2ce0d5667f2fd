import { Schema } from "effect"
import { AccountId } from "./Ids.ts"
import { Instant } from "./Instant.ts"
import { boundedText } from "./Text.ts"

export const AccountName = boundedText(1, 255)
export type AccountName = typeof AccountName.Type

/** A client of the gateway. Its secrets are kept apart, as digests. */
export const Account = Schema.Struct({
  id: AccountId,
  name: AccountName,
  createdAt: Instant,
  disabledAt: Schema.NullOr(Instant)
})
export interface Account extends Schema.Schema.Type<typeof Account> {}
