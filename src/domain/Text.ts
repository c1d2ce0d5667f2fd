import type { FastCheck } from "effect"
import { Schema } from "effect"

/**
 * Counts the characters of a text as JSON Schema and the databases' columns do: Unicode code points, not UTF-16 units.
 * `undefined` when the text has a NUL or a lone surrogate, which no column keeps as it is.
 */
export const charactersOf = (text: string): number | undefined => {
  let characters = 0
  for (let i = 0; i < text.length; i++, characters++) {
    const unit = text.charCodeAt(i)
    if (unit === 0) return undefined
    if (unit < 0xd800 || unit > 0xdfff) continue
    const next = text.charCodeAt(i + 1)
    // charCodeAt answers NaN past the end, and every comparison with it is false
    if (unit < 0xdc00 && next >= 0xdc00 && next <= 0xdfff) i++
    else return undefined
  }
  return characters
}

/** No NUL and no lone surrogate. */
export const isWellFormedText = (text: string): boolean => charactersOf(text) !== undefined

const malformed = "must not contain NUL or a lone surrogate"

/** Refuses a NUL and lone surrogates; the message never repeats the text. */
export const wellFormedText = <A extends string, I, R>(self: Schema.Schema<A, I, R>): Schema.filter<typeof self> =>
  self.pipe(Schema.filter(isWellFormedText, { message: () => malformed }))

/** Makes well-formed text of `minimum` to `maximum` characters, from all of Unicode. */
export const arbitraryText =
  (minimum: number, maximum: number) => (fc: typeof FastCheck): FastCheck.Arbitrary<string> =>
    fc.string({ minLength: minimum, maxLength: maximum, unit: "binary" }).map((text) => text.replaceAll("\0", "0"))

/** Well-formed text of `minimum` to `maximum` characters (code points); the messages never repeat the text. */
export const boundedText = (minimum: number, maximum: number): Schema.filter<typeof Schema.String> =>
  Schema.String.pipe(Schema.filter((text) => {
    const characters = charactersOf(text)
    if (characters === undefined) return malformed
    if (characters < minimum) return `must have at least ${minimum} characters`
    return characters <= maximum || `must have at most ${maximum} characters`
  }, {
    jsonSchema: { minLength: minimum, maxLength: maximum },
    arbitrary: () => arbitraryText(minimum, maximum)
  }))
