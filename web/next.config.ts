import type { NextConfig } from "next"
import { PHASE_DEVELOPMENT_SERVER } from "next/constants.js"
import { dirname, resolve } from "node:path"
import { fileURLToPath } from "node:url"

const here = dirname(fileURLToPath(import.meta.url))

/** Where `next dev` finds the gateway. The event stream is the one thing it must not pass through: docs/decisions. */
const gateway = process.env["GATEWAY_URL"] ?? "http://127.0.0.1:8080"

export default function config(phase: string): NextConfig {
  const shared: NextConfig = {
    reactStrictMode: true,
    // `npm run check` looks at the types, with the project's own compiler
    typescript: { ignoreBuildErrors: true },
    turbopack: { root: resolve(here, "..") },
    devIndicators: false
  }
  return phase === PHASE_DEVELOPMENT_SERVER
    ? {
      ...shared,
      compress: false,
      rewrites: () => Promise.resolve([{ source: "/v1/:path*", destination: `${gateway}/v1/:path*` }])
    }
    : { ...shared, output: "export", images: { unoptimized: true } }
}
