import { Mark } from "../ui/icons.tsx"
import { Skeleton } from "../ui/States.tsx"

/** The page before anything is known, as it is served: its lines, and no words. */
export function Outline() {
  return (
    <div aria-busy className="flex h-dvh flex-col" data-outline>
      <div className="flex h-12 shrink-0 items-center gap-4 border-b border-line bg-surface px-4 text-accent">
        <Mark size={20} />
        <Skeleton className="h-4 w-36" />
      </div>
      <div className="flex flex-col gap-2 p-4">
        <Skeleton className="h-24" />
        {Array.from({ length: 12 }, (_, index) => <Skeleton className="h-8" key={index} />)}
      </div>
    </div>
  )
}
