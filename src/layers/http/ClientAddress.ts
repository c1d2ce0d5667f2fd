import type { IncomingMessage } from "node:http"
import { BlockList, isIP } from "node:net"

/** An IPv4 address that came over IPv6 is the IPv4 one. */
const normalized = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, "")

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
      const forwarded = String(message.headers["x-forwarded-for"] ?? "").split(",").map((_) => normalized(_.trim()))
      return forwarded.reverse().find((_) => isIP(_) !== 0 && !isTrusted(_)) ?? peer
    },

    /** Whether the client's request came by TLS, as a trusted proxy says. */
    isSecure: (message: IncomingMessage): boolean =>
      isBehind(message) &&
      String(message.headers["x-forwarded-proto"] ?? "").split(",")[0]!.trim().toLowerCase() === "https"
  } as const
}

export type Proxies = ReturnType<typeof makeProxies>
