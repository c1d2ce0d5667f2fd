import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** What node lacks of a browser: a page that is shown and hidden, its frames, and an origin for addresses without one. */
export const openPage = (origin: string) => {
  const { fetch } = globalThis
  const page = Object.assign(new EventTarget(), { hidden: false })
  const window = new EventTarget()
  const stands = {
    document: page,
    addEventListener: window.addEventListener.bind(window),
    removeEventListener: window.removeEventListener.bind(window),
    requestAnimationFrame: (run: () => void) => setTimeout(run, 0),
    cancelAnimationFrame: clearTimeout,
    fetch: (path: string, init?: RequestInit) => fetch(new URL(path, origin), init)
  }
  Object.assign(globalThis, stands)
  return {
    show: (isShown: boolean) => {
      page.hidden = !isShown
      page.dispatchEvent(new Event("visibilitychange"))
    },
    /** Without saying so, as when a page is opened in the background. */
    hide: () => {
      page.hidden = true
    },
    close: () => {
      for (const name of Object.keys(stands)) Reflect.deleteProperty(globalThis, name)
      Object.assign(globalThis, { fetch })
    }
  }
}

export interface Asked {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
}

/** A server that answers as it is told to. */
export const serve = async (answer: (asked: Asked, count: number) => void) => {
  const asked: Array<Asked> = []
  const server = createServer((request, response) => {
    const one = { request, response, url: new URL(request.url!, "http://gateway") }
    asked.push(one)
    answer(one, asked.length)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    asked,
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

/** Waits for something to become so; the test's own patience is what ends it otherwise. */
export const until = async (holds: () => boolean, what: string, patience = 10_000) => {
  const deadline = performance.now() + patience
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${patience} ms`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

export const after = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

export const beginStream = (response: ServerResponse) => {
  response.writeHead(200, { "content-type": "text/event-stream" })
  response.flushHeaders()
}

export const problem = (response: ServerResponse, status: number, headers: Record<string, string> = {}) => {
  response.writeHead(status, { "content-type": "application/problem+json", ...headers })
  response.end(JSON.stringify({ status, code: "of_the_test", detail: "As the test wants it." }))
}
