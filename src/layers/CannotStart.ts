import { Data } from "effect"

/** Why the process cannot start, as one sentence that names the cause and the remedy. */
export class CannotStart extends Data.TaggedError("CannotStart")<{ readonly sentence: string }> {
  override get message() {
    return this.sentence
  }
}
