export const operator = {
  stale: "Stale: read <ago></ago>",
  more: "Load more",
  loadingMore: "Loading more",
  /** Of what stands in a list. */
  shown: "{count, plural, one {# shown} other {# shown}}",
  verdict: {
    well: "All is well: what is accepted is decided at once.",
    backlog:
      "{count, plural, one {# transaction waits} other {# transactions wait}} for a decision, the oldest for {age}.",
    draining:
      "A backlog is draining: {count, plural, one {# transaction waits} other {# transactions wait}}, about {left} left.",
    growing:
      "A backlog is growing: {count, plural, one {# transaction waits} other {# transactions wait}}, the oldest for {age}.",
    resending:
      "{count, plural, one {# transaction is} other {# transactions are}} undecided and not in the log; the recorder sends {count, plural, one {it} other {them}} again by itself.",
    stalledProcessor: "Nothing is being decided: the processor takes nothing, and the oldest record has waited {age}.",
    stalledRecorder: "Decisions are not being recorded: the recorder takes nothing, and the oldest has waited {age}.",
    silent: "The log cannot be asked: transactions are accepted and stored, but nothing is handed on.",
    parked:
      "{count, plural, one {# transaction is parked and needs} other {# transactions are parked and need}} you; all others are decided at once.",
    unreachable: "The gateway does not answer. What stands below is from {at}.",
    refused: "The gateway cannot tell: {detail} What stands below is from {at}.",
    simulated: "This is with the simulation on: {what}."
  },
  stages: {
    title: "Stages",
    intake: "Intake",
    intakeDoes: "Stores what is accepted, then hands it on",
    processor: "Processor",
    processorDoes: "Opens the card and decides",
    recorder: "Recorder",
    recorderDoes: "Stores the decision, resends what is overdue",
    recorded: "Recorded",
    recordedDoes: "Of the last minute, what clients can read",
    topic: "Topic",
    rate: "{rate}/s",
    accepted: "{count, plural, one {# accepted} other {# accepted}} in the last minute",
    behind: "{count} behind",
    oldest: "oldest waits {age}",
    nothingWaits: "nothing waits",
    unknown: "unknown",
    unknownWhy: "the log cannot be asked",
    decided: "{count} of {accepted}",
    outcome: "{approved} approved, {rejected} rejected",
    keepsUp: "Keeps up",
    isBehind: "Behind",
    isStalled: "Stands still",
    isUnknown: "Unknown",
    pipe: { flowing: "flows", waiting: "holds a backlog", stalled: "is not being read", unknown: "cannot be asked" }
  },
  counts: {
    title: "Counts",
    undecided: "Undecided",
    none: "nothing waits",
    oldest: "oldest <age></age>",
    late: "late",
    lag: "Behind the log",
    records: "records",
    parked: "Parked",
    parkedNone: "none needs you",
    parkedSome: "need you",
    profile: "Profile",
    embedded: "Embedded",
    embeddedDoes: "one process on SQLite",
    distributed: "Distributed",
    distributedDoes: "Kafka and MySQL",
    history: "Last {minutes} min, up to {most}",
    historyText: "{name} over the last {minutes} minutes: {now} now, between {least} and {most}.",
    historyUnknown: "{name} over the last {minutes} minutes: unknown now, between {least} and {most} before."
  },
  audit: {
    title: "Audit",
    lead: "Counts every transaction in the database: each one accepted is either decided or undecided.",
    check: "Check now",
    checking: "Checking",
    again: "Check again",
    accepted: "accepted",
    decided: "decided",
    undecided: "undecided",
    equals: "equals",
    plus: "plus",
    holds: "It holds",
    fails: "It does not hold: {difference} apart. The database is damaged.",
    at: "Checked <time></time>",
    byKey: "Undecided by the key that sealed their cards",
    key: "Key",
    count: "Undecided"
  },
  simulation: {
    title: "Simulation",
    lead:
      "Lets something go wrong on purpose, so that you can try out a client. Real transactions of this gateway are held up too.",
    off: "Off",
    on: "On",
    log: "Log is down",
    logHint: "Transactions are accepted and wait until it is back.",
    redeliver: "Records are given twice",
    redeliverHint: "Each is still decided once.",
    delay: "Each decision takes at least",
    noDelay: "no time",
    end: "Turn all of it off",
    nowLog: "the log is down",
    nowRedeliver: "records are given twice",
    nowDelay: "decisions take {delay}",
    failed: "The simulation was not changed. {why}"
  },
  parked: {
    title: "Parked transactions",
    lead: "They could not be decided and were put aside, so that the others go on. None is lost.",
    none: "Nothing is parked",
    noneText:
      "A transaction is parked when its record cannot be decided, for instance because the key that sealed its card is missing. None is: that is how it should be.",
    transaction: "Transaction",
    account: "Account",
    reason: "Reason",
    count: "Parked",
    times: "{count, plural, one {once} other {# times}}",
    since: "Last parked",
    actions: "Actions",
    replay: "Replay",
    replayOf: "Replay {id}",
    giveUp: "Give up",
    giveUpOf: "Give up {id}",
    replayed: "Sent to the processor again: {id}",
    replayedText: "It leaves this list once it is decided.",
    givenUp: "Giving up was asked: {id}",
    gone: "No longer parked: {id}",
    goneText: "It has been decided meanwhile.",
    failed: "Nothing was changed. {why}",
    asked: "Replay asked",
    askedGiveUp: "Giving up asked",
    again: "Tried, and parked again",
    confirmTitle: "Give this transaction up?",
    confirmOnce: "The processor tries its card once more.",
    confirmThen:
      "If the card still cannot be read, the transaction is rejected with the reason <code></code>, and its client is told.",
    confirmElse: "If the card opens after all, it is decided like any other.",
    confirmFinal: "This cannot be undone. If the key may come back, leave it parked: it is then decided by itself.",
    reasons: {
      unknown_card_key: {
        short: "Card key is missing",
        sentence:
          "The key that sealed its card is not among CARD_KEYS. Add it and restart: it is then decided by itself, or at once by Replay."
      },
      card_not_authentic: {
        short: "Card was altered",
        sentence: "Its card does not open with its key, or belongs to another transaction: the stored data was changed."
      },
      unreadable_message: {
        short: "Record not readable",
        sentence: "The record in the log is not a message of this gateway, or is damaged."
      },
      unknown_schema_version: {
        short: "Record of another version",
        sentence: "A newer version of the gateway wrote the record. Update the processor and the recorder."
      },
      unknown_submission: {
        short: "Result without a transaction",
        sentence: "A decision came for a transaction that this database does not know."
      },
      unstorable: {
        short: "Database refuses it",
        sentence: "The database refused to store its row, and only its row."
      },
      other: { short: "Other", sentence: "This panel does not know the reason." }
    }
  },
  accounts: {
    title: "Accounts",
    lead: "Each client of the gateway has one. Its secret is told once, when it is made.",
    none: "There is no account yet",
    noneText: "A client needs an account and its secret to send transactions.",
    name: "Name",
    id: "Account id",
    copyId: "Copy the id of {name}",
    created: "Created",
    status: "Status",
    actions: "Actions",
    enabled: "Enabled",
    disabled: "Disabled",
    disabledSince: "<time></time>",
    transactions: "Transactions",
    transactionsOf: "Transactions of {name}",
    create: "Create an account",
    creating: "Creating",
    createLead: "Its secret comes next, and is shown once.",
    nameHint: "For people. Two accounts may have the same.",
    nameRequired: "Give it a name.",
    createSubmit: "Create",
    rotate: "New secret",
    rotateOf: "New secret for {name}",
    rotateTitle: "Make a new secret for {name}",
    rotateLead: "For a client that has lost its secret, or changes it.",
    rotateKeeps: "The present secret works on",
    keeps: {
      now: "not at all: it ends now",
      hour: "for an hour",
      day: "for a day",
      week: "for a week",
      month: "for 30 days"
    },
    rotateNow:
      "Requests with the present secret are refused within 5 seconds, and whoever signed in with it is signed out.",
    rotateUntil:
      "Until {until} both work. Then the present one is refused, and whoever signed in with it is signed out.",
    rotateSubmit: "Make the secret",
    rotateFull:
      "This account has two full secrets that work already. Wait until the older one ends, or let the present ones end now.",
    disable: "Disable",
    disableOf: "Disable {name}",
    disableTitle: "Disable {name}?",
    disableText: "Its requests are refused within 5 seconds, and its people are signed out of the panel.",
    disableStays: "Stored transactions stay, and those that wait are decided all the same. You can enable it again.",
    enable: "Enable",
    enableOf: "Enable {name}",
    nowDisabled: "Disabled: {name}",
    nowEnabled: "Enabled: {name}",
    failed: "Nothing was changed. {why}",
    secretTitle: "The secret of {name}",
    secretLead: "Shown once. The gateway keeps only a digest of it: nobody can show it to you again.",
    secret: "Secret",
    pair: "account:secret",
    copySecret: "Copy the secret",
    copyPair: "Copy account:secret",
    previousUntil: "The secret before it works until {until}.",
    previousEnded: "The secret before it has ended.",
    stored: "I have stored it",
    notYet: "It is shown only here. Store it, then choose “I have stored it”."
  }
}
