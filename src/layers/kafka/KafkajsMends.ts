import Runner from "kafkajs/src/consumer/runner.js"
import RequestQueue from "kafkajs/src/network/requestQueue/index.js"

const scheduleCheck = RequestQueue.prototype.scheduleCheckPendingRequests
const fetch = Runner.prototype.fetch

/**
 * Two mends of kafkajs 2.2.4 (docs/decisions/0012-the-log-on-kafka.md):
 * - It looks every millisecond whether a throttled request may go, also where there is none: 2.5 to 3.7 % of a core for
 *   an idle process. Now it looks only while something waits.
 * - A consumer that is stopped in the moment in which its set of brokers changes goes on fetching, and as a fetch of a
 *   consumer that does not run answers at once, it never lets anything else run: the process ignores even SIGTERM. Now
 *   such a fetch fails, which ends the loop.
 */
export const mendKafkajs = () => {
  RequestQueue.prototype.scheduleCheckPendingRequests = function() {
    // oxlint-disable-next-line gateway/no-ambient -- compared with what kafkajs itself took from this clock
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) scheduleCheck.call(this)
  }
  Runner.prototype.fetch = function(nodeId) {
    return this.running ? fetch.call(this, nodeId) : Promise.reject(new Error("the consumer was stopped"))
  }
}
