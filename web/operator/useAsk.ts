import { useRef, useState } from "react"
import { type Failure, request, type RequestOptions } from "../api/request.ts"

/** One request at a time, as a person asks for it. Nothing of its answer is kept: it may be a secret. */
export const useAsk = () => {
  const [isBusy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure | null>(null)
  const busy = useRef(false)
  /** The answer; null when it failed, or while another one is under way. */
  const ask = async <A>(path: string, options: RequestOptions): Promise<A | null> => {
    if (busy.current) return null
    busy.current = true
    setBusy(true)
    setFailure(null)
    const result = await request<A>(path, options)
    busy.current = false
    setBusy(false)
    if (result.ok) return result.value
    setFailure(result.failure)
    return null
  }
  return { ask, isBusy, failure, forget: () => setFailure(null) }
}
