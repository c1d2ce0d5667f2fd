import { Data } from "effect"
import type { GatewayError } from "../client/GatewayError.ts"

/** What a script may rely on. */
export const exitCodes = {
  /** Done; a transaction is approved or still processing. */
  done: 0,
  /** The gateway cannot be reached, cannot answer now, or the audit does not hold. */
  failed: 1,
  /** The command, or what it asks for, is not valid. */
  usage: 2,
  /** The transaction is rejected. */
  rejected: 3,
  /** The credential is missing, not valid, or does not allow this. */
  forbidden: 4,
  /** There is no such thing. */
  missing: 5
} as const

/** Why a command ends otherwise than well. */
export class Ending extends Data.TaggedError("Ending")<{
  readonly code: typeof exitCodes[keyof typeof exitCodes]
  /** For standard error; null where the output has said it. */
  readonly sentence: string | null
}> {}

/** Whoever read the output does so no longer: `| head`. */
export class ReaderGone extends Data.TaggedError("ReaderGone")<{}> {}

const exitCodeOf = ({ code, retryable, status }: GatewayError): Ending["code"] => {
  if (code === "invalid_request") return exitCodes.usage
  // a cursor that is not known is a 400
  if (code === "resource_missing" || code === "route_missing") return exitCodes.missing
  if (status === null || retryable || code === "unexpected_answer") return exitCodes.failed
  if (status === 401 || status === 403) return exitCodes.forbidden
  return status >= 500 ? exitCodes.failed : exitCodes.usage
}

/** One sentence, with what the operator finds the request by. */
export const endingOf = (error: GatewayError): Ending => {
  const code = exitCodeOf(error)
  const fields = error.errors.map(({ detail, pointer }) => `${pointer} ${detail.replace(/^This member /, "")}`).join(
    " "
  )
  const mark = [error.code, error.requestId].filter((_) => _ !== null).join(", ")
  const again = error.idempotencyKey !== null && code === exitCodes.failed
    ? ` Repeat it with --idempotency-key ${error.idempotencyKey} and it is made once at most.`
    : ""
  return new Ending({
    code,
    sentence: `${error.detail.replace(/: see errors\.$/, ":")}${fields === "" ? "" : ` ${fields}`} (${mark})${again}`
  })
}
