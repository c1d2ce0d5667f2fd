import type { IncomingMessage } from "node:http"
import { BlockList, isIP } from "node:net"

/** An IPv4 address that came over IPv6 is the IPv4 one. */
const normalized = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, "")

const port = /^(?:\[([^\]]+)\](?::\d+)?|([^:]+):\d+)$/

/** As proxies write it, with the port that some of them add. */
const addressIn = (entry: string): string => {
  const match = port.exec(entry.trim())
  return normalized(match?.[1] ?? match?.[2] ?? entry.trim())
}

/** Addresses and networks (`10.0.0.0/8`) of the proxies in front, whose word is taken. */
export const makeProxies = (trusted: ReadonlyArray<string>) => {
  const list = new BlockList()
  for (const entry of trusted) {
    const [address, prefix] = entry.split("/")
    const family = isIP(address!) === 6 ? "ipv6" : "ipv4"
    if (prefix === undefined) list.addAddress(address!, family)
    else list.addSubnet(address!, Number(prefix), family)
  }
  const isTrusted = (address: string) => {
    const version = isIP(address)
    return version !== 0 && list.check(address, version === 6 ? "ipv6" : "ipv4")
  }
  const isBehind = ({ socket }: IncomingMessage) =>
    trusted.length > 0 && isTrusted(normalized(socket.remoteAddress ?? ""))

  return {
    /** Of the client: what the last proxy that is not ours was seen as. */
    addressOf: (message: IncomingMessage): string => {
      const peer = normalized(message.socket.remoteAddress ?? "")
      if (!isBehind(message)) return peer
      const forwarded = String(message.headers["x-forwarded-for"] ?? "").split(",").map(addressIn).reverse()
      const seen = forwarded.find((_) => !isTrusted(_))
      // what is no address was written by no proxy of ours: nothing before it is believed
      return seen !== undefined && isIP(seen) !== 0 ? seen : peer
    },

    /** Whether the client's request came by TLS, as a trusted proxy says. */
    isSecure: (message: IncomingMessage): boolean =>
      isBehind(message) &&
      String(message.headers["x-forwarded-proto"] ?? "").split(",")[0]!.trim().toLowerCase() === "https"
  } as const
}

export type Proxies = ReturnType<typeof makeProxies>
