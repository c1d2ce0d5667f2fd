declare module "kafkajs/src/network/requestQueue/index.js" {
  class RequestQueue {
    readonly pending: ReadonlyArray<unknown>
    readonly throttledUntil: number
    scheduleCheckPendingRequests(): void
  }
  export default RequestQueue
}
