import { Data } from "effect"

/** What went wrong at the bottom, in the database's or the broker's own words. */
export const innermost = (cause: unknown): string => {
  let error = cause
  while (error instanceof Error && error.cause !== undefined) error = error.cause
  return error instanceof Error ? error.message : String(error)
}

/** A database that cannot be asked now. The statement may or may not have been carried out: run it again. */
export class StorageUnavailable extends Data.TaggedError("StorageUnavailable")<{ readonly cause: unknown }> {
  override get message() {
    return innermost(this.cause)
  }
}

/** The database refuses this one row for what it says. Running it again cannot help. */
export class Unstorable extends Data.TaggedError("Unstorable")<{ readonly cause: unknown }> {
  override get message() {
    return innermost(this.cause)
  }
}

/** More is waiting to be written than the bound allows. */
export class Overloaded extends Data.TaggedError("Overloaded")<{ readonly what: string }> {
  override get message() {
    return `too much waits for the ${this.what}`
  }
}
