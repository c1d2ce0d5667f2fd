/** Of bench/panel.ts, put into the page as it stands: what one can see only from inside of it. */
globalThis.inPage = (() => {
  const rowHeight = 36
  const list = () => document.querySelector("[role=grid] [role=presentation]")
  const topId = () => list().querySelector("[aria-rowindex=\"2\"]")?.dataset.id
  const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
  let seen

  return {
    topId,
    rows: () => Math.round(parseFloat(list().style.height) / rowHeight),

    /** From now on until `stop`. */
    watch: () => {
      const watched = seen = { frames: [], longTasks: [], tops: [], isOn: true }
      new PerformanceObserver((entries) => {
        if (watched.isOn) { for (const { duration } of entries.getEntries()) watched.longTasks.push(duration) }
      }).observe({ type: "longtask" })
      let before = performance.now()
      const frame = (at) => {
        if (!watched.isOn) return
        watched.frames.push(at - before)
        before = at
        const id = topId()
        if (id !== undefined && id !== watched.tops.at(-1)?.[1]) watched.tops.push([performance.timeOrigin + at, id])
        requestAnimationFrame(frame)
      }
      requestAnimationFrame(frame)
    },

    stop: () => {
      seen.isOn = false
      return seen
    },

    /** The first rows, read by scrolling: what is not in sight is not in the page. */
    newest: async (count) => {
      const scroller = list().parentElement
      const found = new Map()
      for (let top = 0; found.size < count && top <= scroller.scrollHeight; top += scroller.clientHeight - rowHeight) {
        scroller.scrollTo(0, top)
        await frames()
        for (const row of scroller.querySelectorAll("[data-id]")) {
          found.set(Number(row.getAttribute("aria-rowindex")), row.dataset.id)
        }
      }
      return Array.from(found).sort(([a], [b]) => a - b).slice(0, count).map(([, id]) => id)
    },

    weight: () => {
      const resources = performance.getEntriesByType("resource")
      const bytes = (ending) =>
        resources.filter(({ name }) => new URL(name).pathname.endsWith(ending))
          .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)
      return {
        scriptBytes: bytes(".js"),
        styleBytes: bytes(".css"),
        firstContentfulPaint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null
      }
    }
  }
})()
