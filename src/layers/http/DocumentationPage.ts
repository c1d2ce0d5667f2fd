import { HttpLayerRouter, HttpServer } from "@effect/platform"
import * as HttpApiScalar from "@effect/platform/HttpApiScalar"
import { Layer } from "effect"
import { createHash } from "node:crypto"
import { GatewayApi } from "./Api.ts"
import type { Answer } from "./Listener.ts"

/** The page is 3.3 MB of inline script: this module is loaded when somebody asks for it. */

const inlineScript = /<script>([\s\S]*?)<\/script>/g

/** Its scripts by their hashes, everything else from our own origin. */
const contentSecurityPolicy = (page: string): string => {
  const hashes = Array.from(
    page.matchAll(inlineScript),
    ([, script]) => `'sha256-${createHash("sha256").update(script!).digest("base64")}'`
  )
  return [
    "default-src 'self'",
    // the page draws its code samples by WebAssembly; scripts cannot be made of text with this
    `script-src 'wasm-unsafe-eval' ${hashes.join(" ")}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join("; ")
}

/** A promise, because the platform's web handler answers with one. */
export const renderDocumentation = async (): Promise<Answer> => {
  const { dispose, handler } = HttpLayerRouter.toWebHandler(
    HttpApiScalar.layerHttpLayerRouter({
      api: GatewayApi,
      path: "/docs",
      scalar: { withDefaultFonts: false }
    }).pipe(Layer.provide(HttpServer.layerContext)),
    { disableLogger: true }
  )
  const response = await handler(new Request("http://gateway/docs"))
  const body = await response.text()
  await dispose()
  return {
    status: response.status,
    headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": contentSecurityPolicy(body) },
    body
  }
}
