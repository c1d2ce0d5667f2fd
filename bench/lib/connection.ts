import { connect, type Socket } from "node:net"

/** The bytes of an answer, valid only during the call: `head` ends before the blank line, `body` is what follows it. */
export interface Answer {
  readonly status: number
  readonly bytes: Buffer
  readonly bodyAt: number
}

/** Called with `undefined` when the connection ended before the answer came. */
export type OnAnswer = (answer: Answer | undefined) => void

const lengthField = /\r\ncontent-length: *(\d+)/i
const chunkedField = /\r\ntransfer-encoding: *chunked/i
const lastChunk = "\r\n0\r\n\r\n"

/**
 * A kept-alive HTTP/1.1 connection with one request at a time, as cheap as it can be: the load generator shares the
 * machine with what it measures. It reads the status and where the answer ends, and nothing else.
 */
export class Connection {
  readonly #host: string
  readonly #port: number
  #socket: Socket | undefined
  #rest: Buffer | undefined
  #onAnswer: OnAnswer | undefined

  constructor(host: string, port: number) {
    this.#host = host
    this.#port = port
  }

  get busy() {
    return this.#onAnswer !== undefined
  }

  send(request: Uint8Array, onAnswer: OnAnswer) {
    this.#onAnswer = onAnswer
    this.#socket ??= this.#open()
    this.#socket.write(request)
  }

  /** Resolves when the connection stands, so that a measured request does not pay for it. */
  ready() {
    return new Promise<void>((resolve, reject) => {
      this.#socket = this.#open()
      this.#socket.once("connect", resolve).once("error", reject)
    })
  }

  close() {
    this.#socket?.destroy()
  }

  #open() {
    const buffer = Buffer.allocUnsafe(16_384)
    const socket = connect({
      host: this.#host,
      port: this.#port,
      noDelay: true,
      onread: { buffer, callback: (length) => (this.#read(buffer.subarray(0, length)), true) }
    })
    // "close" follows every error
    socket.on("error", () => {})
    socket.once("close", () => {
      if (this.#socket === socket) this.#socket = undefined
      this.#rest = undefined
      this.#settle(undefined)
    })
    return socket
  }

  #read(chunk: Buffer) {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    const headEnd = bytes.indexOf("\r\n\r\n")
    if (headEnd !== -1) {
      const head = bytes.toString("latin1", 0, headEnd)
      const bodyAt = headEnd + 4
      const length = lengthField.exec(head)?.[1]
      const whole = length !== undefined
        ? bytes.length >= bodyAt + Number(length)
        : !chunkedField.test(head) || bytes.subarray(headEnd + 2).includes(lastChunk)
      if (whole) {
        this.#rest = undefined
        return this.#settle({ status: Number(head.slice(9, 12)), bytes, bodyAt })
      }
    }
    // the chunk's memory is used again for the next one
    this.#rest = bytes === chunk ? Buffer.from(chunk) : bytes
  }

  #settle(answer: Answer | undefined) {
    const onAnswer = this.#onAnswer
    this.#onAnswer = undefined
    onAnswer?.(answer)
  }
}

const opening = Buffer.from("\"id\":\"")

/** The first `id` member of a JSON body. */
export const idOf = ({ bodyAt, bytes }: Answer): string | undefined => {
  const start = bytes.indexOf(opening, bodyAt)
  if (start === -1) return undefined
  const end = bytes.indexOf(0x22, start + opening.length)
  return end === -1 ? undefined : bytes.toString("latin1", start + opening.length, end)
}

export const headOf = ({ bodyAt, bytes }: Answer): string => bytes.toString("latin1", 0, bodyAt)
