/** One message of an event stream. */
export interface Message {
  /** `message` where the stream names none. */
  readonly event: string
  readonly data: string
  /** What to resume after. */
  readonly lastEventId: string
}

export interface EventParser {
  /** The messages that these bytes complete. */
  readonly push: (bytes: Uint8Array) => ReadonlyArray<Message>
  /** The last event id that the stream set, whether a message came with it or not. */
  readonly lastEventId: () => string
  /** Milliseconds to wait before reconnecting; null until the stream says. */
  readonly retry: () => number | null
}

/**
 * WHATWG HTML, 9.2.6: UTF-8 with or without a BOM, lines that end in CR, LF or CRLF, fragments cut anywhere. What no
 * blank line completed is not a message.
 */
export const makeEventParser = (resumedAfter = ""): EventParser => {
  const decoder = new TextDecoder()
  let rest = ""
  // the first half of a CRLF may be all that has come
  let afterCr = false
  let event = ""
  let data: Array<string> = []
  let id = resumedAfter
  let lastEventId = resumedAfter
  let retry: number | null = null

  const field = (name: string, value: string): void => {
    switch (name) {
      case "event":
        event = value
        return
      case "data":
        data.push(value)
        return
      case "id":
        if (!value.includes("\0")) id = value
        return
      case "retry":
        if (/^\d+$/.test(value)) retry = Number(value)
    }
  }

  const line = (text: string, messages: Array<Message>): void => {
    if (text === "") {
      lastEventId = id
      if (data.length > 0) {
        messages.push({ event: event === "" ? "message" : event, data: data.join("\n"), lastEventId })
      }
      event = ""
      data = []
      return
    }
    const colon = text.indexOf(":")
    if (colon === 0) return
    if (colon < 0) return field(text, "")
    field(text.slice(0, colon), text.slice(text[colon + 1] === " " ? colon + 2 : colon + 1))
  }

  return {
    push: (bytes) => {
      const messages: Array<Message> = []
      const text = decoder.decode(bytes, { stream: true })
      let start = 0
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i)
        if (code !== 10 && code !== 13) {
          afterCr = false
          continue
        }
        if (code === 10 && afterCr) {
          afterCr = false
          start = i + 1
          continue
        }
        line(rest + text.slice(start, i), messages)
        rest = ""
        start = i + 1
        afterCr = code === 13
      }
      rest += text.slice(start)
      return messages
    },
    lastEventId: () => lastEventId,
    retry: () => retry
  }
}
