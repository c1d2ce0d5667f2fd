/** How a file can be stored; the smaller one first. */
export const codings = ["br", "gzip"] as const
export type Coding = typeof codings[number]

/** Longer ones are written by nobody's browser. */
const longestHeader = 256

const qualitiesOf = (acceptEncoding: string): ReadonlyMap<string, number> => {
  const qualities = new Map<string, number>()
  for (const part of acceptEncoding.split(",")) {
    const [name = "", ...parameters] = part.split(";").map((_) => _.trim().toLowerCase())
    const written = parameters.find((_) => _.startsWith("q="))
    const quality = written === undefined ? 1 : Number(written.slice(2))
    qualities.set(name === "x-gzip" ? "gzip" : name, quality >= 0 && quality <= 1 ? quality : 0)
  }
  return qualities
}

/**
 * The coding that an Accept-Encoding (RFC 9110, 12.5.3) wants most of those that there are, the smaller one of equals; null
 * is the file as it is, which is also what is left when the header wants nothing that there is.
 */
export const preferredCoding = (
  acceptEncoding: string | undefined,
  available: (coding: Coding) => boolean
): Coding | null => {
  if (acceptEncoding === undefined || acceptEncoding.length > longestHeader) return null
  const qualities = qualitiesOf(acceptEncoding)
  const rest = qualities.get("*")
  let best: Coding | null = null
  let most = 0
  for (const coding of codings) {
    const quality = qualities.get(coding) ?? rest ?? 0
    if (quality > most && available(coding)) [best, most] = [coding, quality]
  }
  // not named, it is acceptable, but nobody's wish
  const identity = qualities.get("identity") ?? (rest === 0 ? 0 : Number.MIN_VALUE)
  return identity > most ? null : best
}
