import type { ReactNode } from "react"
import { RelativeTime } from "../ui/RelativeTime.tsx"

/** For `t.rich`: how long since an instant, in place of an empty tag. */
export const ago = (instant: string) => (): ReactNode => <RelativeTime instant={instant} />

/** For `t.rich`: a word of the machine's, in place of an empty tag. */
export const code = (text: string) => (): ReactNode => <code className="text-small">{text}</code>
