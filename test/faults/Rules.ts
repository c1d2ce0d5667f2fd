/** What must hold, whatever failed. */
export const rules = {
  accepted: "every 202 and 201 is exactly one submission, under the id that the client saw",
  decided: "every submission is decided and recorded within 60 s of the last fault",
  once: "no id has two decisions in the processor's table",
  submitted: "no decision without a submission",
  unchanged: "no decision changes while one looks, decided_at included",
  kept: "no decision vanishes",
  recorded: "facts and decisions are the same in both databases",
  published: "all results of an id are one, and the stored one",
  appended: "nothing in the topics that nobody sent",
  right: "every decision follows from the request",
  told: "what a client was told stays true, and never goes backwards",
  key: "one key, one transaction; what has no answer exists once or not at all",
  refused: "another body under a taken key is refused",
  intended: "no submission that no client intended",
  answered: "no answer but the expected ones",
  parked: "poison is parked and blocks nothing",
  cleared: "nothing is left to be sent, shown as parked, or kept sealed of what is decided",
  backlog: "what waits in the log is not appended again",
  accepting: "accepting goes on without Kafka",
  bounded: "an intake's memory is bounded",
  alive: "no process ends by itself, and none hangs",
  quiet: "no card and no CVV in any log",
  audit: "the audits agree",
  read: "the API lists what the database says"
} as const
export type Rule = keyof typeof rules

export interface Fault {
  readonly rule: Rule
  readonly what: string
}

export const fault = (rule: Rule, what: string): Fault => ({ rule, what })
