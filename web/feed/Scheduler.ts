/** ms between two notifications at least: what is seen follows notifications times rows, not events. */
const pace = 100
/** ms, in a hidden page, where animation frames stop. */
const hiddenPace = 1_000

/** Runs a task soon after it was asked for, on an animation frame, at most ten times a second. */
export const makeScheduler = (task: () => void) => {
  let isAsked = false
  let ranAt = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let frame = 0

  const run = () => {
    isAsked = false
    ranAt = performance.now()
    task()
  }

  return {
    ask: () => {
      if (isAsked) return
      isAsked = true
      const wait = Math.max(0, ranAt + (document.hidden ? hiddenPace : pace) - performance.now())
      if (document.hidden) timer = setTimeout(run, wait)
      // a frame that is due soon is worth more than a timer before it
      else if (wait <= 8) frame = requestAnimationFrame(run)
      else {
        timer = setTimeout(() => {
          // hidden meanwhile: there will be no frame
          if (document.hidden) run()
          else frame = requestAnimationFrame(run)
        }, wait)
      }
    },
    stop: () => {
      clearTimeout(timer)
      cancelAnimationFrame(frame)
      isAsked = false
    },
    /** The page was shown or hidden: a frame that was waited for may never come. */
    renew: () => {
      if (!isAsked) return
      clearTimeout(timer)
      cancelAnimationFrame(frame)
      timer = setTimeout(run, 0)
    }
  }
}
