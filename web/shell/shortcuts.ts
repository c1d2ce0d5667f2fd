"use client"
import { useEffect, useEffectEvent } from "react"

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

/** Keys are the person's own while they type, or while a window, menu or list is open above the page. */
const isTaken = (event: KeyboardEvent): boolean =>
  event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey ||
  isTyping(event.target) ||
  (event.target instanceof Element && event.target.closest("dialog,[popover]") !== null)

/** One key of the page (`/`, `j`, `?`); `event.key`, letters in lower case. */
export const useShortcut = (key: string, run: (event: KeyboardEvent) => void, enabled = true): void => {
  const latest = useEffectEvent(run)
  useEffect(() => {
    if (!enabled) return
    const listen = (event: KeyboardEvent) => {
      const pressed = event.key.length === 1 ? event.key.toLowerCase() : event.key
      if (pressed !== key || isTaken(event)) return
      event.preventDefault()
      latest(event)
    }
    addEventListener("keydown", listen)
    return () => removeEventListener("keydown", listen)
  }, [key, enabled])
}
