import { Data } from "effect"

/** A database that cannot be asked now. The statement may or may not have been carried out: run it again. */
export class StorageUnavailable extends Data.TaggedError("StorageUnavailable")<{ readonly cause: unknown }> {}

/** The database refuses this one row for what it says. Running it again cannot help. */
export class Unstorable extends Data.TaggedError("Unstorable")<{ readonly cause: unknown }> {}

/** More is waiting to be written than the bound allows. */
export class Overloaded extends Data.TaggedError("Overloaded")<{ readonly what: string }> {}
