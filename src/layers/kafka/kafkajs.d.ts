declare module "kafkajs/src/network/requestQueue/index.js" {
  class RequestQueue {
    readonly pending: ReadonlyArray<unknown>
    readonly throttledUntil: number
    scheduleCheckPendingRequests(): void
  }
  export default RequestQueue
}

declare module "kafkajs/src/consumer/runner.js" {
  class Runner {
    readonly running: boolean
    fetch(nodeId: number): Promise<ReadonlyArray<unknown>>
  }
  export default Runner
}

declare module "kafkajs/src/consumer/fetchManager.js" {
  const createFetchManager: (options: {
    readonly logger: unknown
    readonly getNodeIds: () => ReadonlyArray<number>
    readonly fetch: (nodeId: number) => Promise<ReadonlyArray<unknown>>
    readonly handler: (batch: unknown) => Promise<void>
  }) => { readonly start: () => Promise<void>; readonly stop: () => Promise<void> }
  export default createFetchManager
}
