import { useEffect, useState } from "react"
import { toast } from "sonner"
import { useTranslations } from "use-intl"
import { paths } from "../api/paths.ts"
import { type Failure, request } from "../api/request.ts"
import type { Parked, Transaction } from "../api/types.ts"
import { useFailureText } from "../ui/States.tsx"
import { usePages } from "./usePages.ts"

export type Action = "replay" | "giveUp"

/** What was asked for a transaction, and how often it had been parked then. */
export interface Asked {
  readonly action: Action
  readonly count: number
}

const interval = 5_000
const pageSize = 50
/** Rows below the first page that are looked at again in one turn. */
const mostLookedAt = 10

/** The parked transactions, and what was asked for them here until it is seen in them. */
export const useParked = () => {
  const t = useTranslations("operator.parked")
  const failureText = useFailureText()
  const pages = usePages<Parked>(paths.parked, { interval, limit: pageSize })
  const [asked, setAsked] = useState<ReadonlyMap<string, Asked>>(new Map())
  const { newest, remove } = pages

  // what stands below the first page is not read again by itself
  useEffect(() => {
    const isRead = new Set(newest?.map((_) => _.id))
    const below = [...asked.keys()].filter((id) => !isRead.has(id)).slice(0, mostLookedAt)
    for (const id of below) {
      void request<Transaction>(paths.transaction(id)).then((result) => {
        if (result.ok && result.value.status !== "processing") remove(id)
      })
    }
  }, [asked, newest, remove])

  const failed = (failure: Failure, id: string) => {
    if (failure.kind === "problem" && failure.status === 404) {
      remove(id)
      return toast.info(t("gone", { id }), { description: t("goneText") })
    }
    return toast.error(t("failed", { why: failureText(failure) }))
  }

  const act = async (parked: Parked, action: Action): Promise<void> => {
    const { count, id } = parked
    setAsked((before) => new Map(before).set(id, { action, count }))
    const result = await request<Parked>(action === "replay" ? paths.replay(id) : paths.giveUp(id), { method: "POST" })
    if (result.ok) {
      toast.success(action === "replay" ? t("replayed", { id }) : t("givenUp", { id }), {
        description: t("replayedText")
      })
      return
    }
    setAsked((before) => new Map([...before].filter(([asked]) => asked !== id)))
    failed(result.failure, id)
  }

  return { ...pages, asked, act }
}
