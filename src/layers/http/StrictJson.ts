import { Either } from "effect"

/** Object keys in a parsed value, however deep: with a list of its own, because a stack would overflow. */
const countKeys = (value: unknown): number => {
  let keys = 0
  const left: Array<unknown> = [value]
  while (left.length > 0) {
    const next = left.pop()
    if (typeof next !== "object" || next === null) continue
    const members: ReadonlyArray<unknown> = Array.isArray(next) ? next : Object.values(next)
    if (!Array.isArray(next)) keys += members.length
    for (const member of members) if (typeof member === "object") left.push(member)
  }
  return keys
}

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a

const countColonsOutsideStrings = (json: string): number => {
  let colons = 0
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i)
    if (code === colon) colons++
    else if (code === quote) {
      while (json.charCodeAt(++i) !== quote) if (json.charCodeAt(i) === backslash) i++
    }
  }
  return colons
}

/**
 * JSON without a BOM and without duplicate keys (RFC 8259 leaves their meaning open, so two readers may differ). A key
 * that was written twice, escaped or not, is one key fewer in the value than colons in the text.
 */
export const parseStrictJson = (text: string): Either.Either<unknown, "invalid_json" | "duplicate_key"> =>
  Either.flatMap(
    Either.try({ try: () => JSON.parse(text) as unknown, catch: () => "invalid_json" as const }),
    (value) =>
      countColonsOutsideStrings(text) === countKeys(value) ? Either.right(value) : Either.left("duplicate_key" as const)
  )

/** RFC 8785: members sorted by UTF-16 code units, numbers as ECMAScript writes them. */
export const canonicalJson = (value: unknown): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`
  const members = Object.entries(value)
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`)
  return `{${members.join(",")}}`
}
