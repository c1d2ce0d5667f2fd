import RequestQueue from "kafkajs/src/network/requestQueue/index.js"

const { prototype } = RequestQueue
const scheduleCheck = prototype.scheduleCheckPendingRequests

/**
 * kafkajs 2.2.4 looks every millisecond whether a throttled request may go, also where there is none: 2.5 to 3.7 % of a
 * core for an idle process (docs/decisions/0012-the-log-on-kafka.md). After this it looks only while something waits.
 */
export const tameIdleTimer = () => {
  prototype.scheduleCheckPendingRequests = function() {
    // oxlint-disable-next-line gateway/no-ambient -- compared with what kafkajs itself took from this clock
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) scheduleCheck.call(this)
  }
}
