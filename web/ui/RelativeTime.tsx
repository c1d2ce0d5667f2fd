"use client"
import { useEffect, useState } from "react"
import { now } from "../api/request.ts"
import { useFormat } from "./format.ts"

/** One clock for all that is told relative to now: it ticks while somebody looks. */
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

const listen = (listener: () => void) => {
  listeners.add(listener)
  timer ??= setInterval(() => {
    if (!document.hidden) { for (const tell of listeners) tell() }
  }, 1_000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** Draws again every second. */
export const useNow = (): number => {
  const [instant, setInstant] = useState(now)
  useEffect(() => listen(() => setInstant(now())), [])
  return instant
}

/** How long ago, with the instant itself on hover and for a screen reader that asks for it. */
export function RelativeTime({ className, instant }: { readonly instant: string; readonly className?: string }) {
  const format = useFormat()
  const present = useNow()
  return (
    <time className={className} dateTime={instant} title={format.full(instant)}>
      {format.ago(present - Date.parse(instant))}
    </time>
  )
}
