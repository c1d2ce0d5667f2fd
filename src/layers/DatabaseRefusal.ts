import { Cause } from "effect"
import { innermost } from "../services/Failure.ts"
import { CannotStart } from "./CannotStart.ts"

/** What to do about it, by what the database says. */
const remedyFor = (reason: string, damaged: string): string => {
  if (/full|disk I\/O/i.test(reason)) return "make space on its disk"
  if (/malformed|not a database|corrupt/i.test(reason)) return damaged
  return "check that this user may read and write it"
}

/** A database that cannot be used at the start, in one sentence. */
export const refuseDatabase = (
  name: string,
  cause: unknown,
  damaged = "restore it from your backup"
): CannotStart => {
  const reason = innermost(Cause.isCause(cause) ? Cause.squash(cause) : cause)
  return new CannotStart({ sentence: `${name} cannot be used (${reason}): ${remedyFor(reason, damaged)}.` })
}
