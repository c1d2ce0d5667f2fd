import type { Translation } from "../Messages.ts"

export const operator: Translation["operator"] = {
  stale: "Desatualizado: lido <ago></ago>",
  more: "Carregar mais",
  loadingMore: "Carregando mais",
  shown: "{count, plural, one {# exibida} other {# exibidas}}",
  verdict: {
    well: "Tudo bem: o que é aceito é decidido na hora.",
    backlog:
      "{count, plural, one {# transação espera} other {# transações esperam}} por uma decisão, a mais antiga há {age}.",
    draining:
      "A fila está diminuindo: {count, plural, one {# transação espera} other {# transações esperam}}, faltam cerca de {left}.",
    growing:
      "A fila está crescendo: {count, plural, one {# transação espera} other {# transações esperam}}, a mais antiga há {age}.",
    resending:
      "{count, plural, one {# transação está sem decisão e fora do log; o recorder a reenvia sozinho} other {# transações estão sem decisão e fora do log; o recorder as reenvia sozinho}}.",
    stalledProcessor: "Nada está sendo decidido: o processor não lê nada, e o registro mais antigo espera há {age}.",
    stalledRecorder: "As decisões não estão sendo gravadas: o recorder não lê nada, e a mais antiga espera há {age}.",
    silent: "O log não responde: as transações são aceitas e guardadas, mas nada é passado adiante.",
    parked:
      "{count, plural, one {# transação está retida e precisa} other {# transações estão retidas e precisam}} de você; as demais são decididas na hora.",
    unreachable: "O gateway não responde. O que está abaixo é das {at}.",
    refused: "O gateway não sabe dizer: {detail} O que está abaixo é das {at}.",
    simulated: "Isto é com a simulação ligada: {what}."
  },
  stages: {
    title: "Etapas",
    intake: "Intake",
    intakeDoes: "Guarda o que é aceito e passa adiante",
    processor: "Processor",
    processorDoes: "Abre o cartão e decide",
    recorder: "Recorder",
    recorderDoes: "Grava a decisão e reenvia o que atrasou",
    recorded: "Gravadas",
    recordedDoes: "Do último minuto, o que os clientes já podem ler",
    topic: "Tópico",
    rate: "{rate}/s",
    accepted: "{count, plural, one {# aceita} other {# aceitas}} no último minuto",
    behind: "{count} na fila",
    oldest: "a mais antiga espera há {age}",
    nothingWaits: "nada espera",
    unknown: "desconhecido",
    unknownWhy: "o log não responde",
    decided: "{count} de {accepted}",
    outcome: "{approved} aprovadas, {rejected} rejeitadas",
    keepsUp: "Em dia",
    isBehind: "Atrasado",
    isStalled: "Parado",
    isUnknown: "Desconhecido",
    pipe: { flowing: "flui", waiting: "tem fila", stalled: "não está sendo lido", unknown: "não responde" }
  },
  counts: {
    title: "Contagens",
    undecided: "Sem decisão",
    none: "nada espera",
    oldest: "a mais antiga <age></age>",
    late: "atrasada",
    lag: "Na fila do log",
    records: "registros",
    parked: "Retidas",
    parkedNone: "nenhuma precisa de você",
    parkedSome: "precisam de você",
    profile: "Perfil",
    embedded: "Embedded",
    embeddedDoes: "um processo com SQLite",
    distributed: "Distributed",
    distributedDoes: "Kafka e MySQL",
    history: "Últimos {minutes} min, até {most}",
    historyText: "{name} nos últimos {minutes} minutos: agora {now}, entre {least} e {most}.",
    historyUnknown: "{name} nos últimos {minutes} minutos: agora desconhecido, antes entre {least} e {most}."
  },
  audit: {
    title: "Auditoria",
    lead: "Conta todas as transações do banco de dados: cada uma que foi aceita está decidida ou sem decisão.",
    check: "Verificar agora",
    checking: "Verificando",
    again: "Verificar de novo",
    accepted: "aceitas",
    decided: "decididas",
    undecided: "sem decisão",
    equals: "é igual a",
    plus: "mais",
    holds: "Confere",
    fails: "Não confere: diferença de {difference}. O banco de dados está danificado.",
    at: "Verificado <time></time>",
    byKey: "Sem decisão, pela chave que selou os cartões",
    key: "Chave",
    count: "Sem decisão"
  },
  simulation: {
    title: "Simulação",
    lead:
      "Faz algo dar errado de propósito, para que você teste um cliente. As transações reais deste gateway também ficam presas.",
    off: "Desligada",
    on: "Ligada",
    log: "Log fora do ar",
    logHint: "As transações são aceitas e esperam até ele voltar.",
    redeliver: "Registros entregues duas vezes",
    redeliverHint: "Mesmo assim, cada um é decidido uma só vez.",
    delay: "Cada decisão leva pelo menos",
    noDelay: "tempo nenhum",
    end: "Desligar tudo",
    nowLog: "o log está fora do ar",
    nowRedeliver: "os registros são entregues duas vezes",
    nowDelay: "as decisões levam {delay}",
    failed: "A simulação não foi alterada. {why}"
  },
  parked: {
    title: "Transações retidas",
    lead: "Não puderam ser decididas e foram separadas para que as demais sigam. Nenhuma se perde.",
    none: "Nada está retido",
    noneText:
      "Uma transação é retida quando seu registro não pode ser decidido, por exemplo porque falta a chave que selou o cartão. Não há nenhuma: é assim que deve ser.",
    transaction: "Transação",
    account: "Conta",
    reason: "Motivo",
    count: "Retida",
    times: "{count, plural, one {uma vez} other {# vezes}}",
    since: "Última retenção",
    actions: "Ações",
    replay: "Reprocessar",
    replayOf: "Reprocessar {id}",
    giveUp: "Desistir",
    giveUpOf: "Desistir de {id}",
    replayed: "Enviada de novo ao processor: {id}",
    replayedText: "Ela sai desta lista quando for decidida.",
    givenUp: "Desistência pedida: {id}",
    gone: "Não está mais retida: {id}",
    goneText: "Ela foi decidida nesse meio-tempo.",
    failed: "Nada foi alterado. {why}",
    asked: "Reprocessamento pedido",
    askedGiveUp: "Desistência pedida",
    again: "Tentada, e retida de novo",
    confirmTitle: "Desistir desta transação?",
    confirmOnce: "O processor tenta abrir o cartão mais uma vez.",
    confirmThen:
      "Se o cartão ainda não puder ser lido, a transação é rejeitada com o motivo <code></code>, e o cliente é avisado.",
    confirmElse: "Se o cartão afinal abrir, ela é decidida como qualquer outra.",
    confirmFinal:
      "Isto não pode ser desfeito. Se a chave ainda puder voltar, deixe a transação retida: ela será decidida sozinha.",
    reasons: {
      unknown_card_key: {
        short: "Falta a chave do cartão",
        sentence:
          "A chave que selou o cartão não está em CARD_KEYS. Inclua-a e reinicie: a transação será decidida sozinha, ou na hora com Reprocessar."
      },
      card_not_authentic: {
        short: "Cartão adulterado",
        sentence: "O cartão não abre com sua chave, ou é de outra transação: os dados guardados foram alterados."
      },
      unreadable_message: {
        short: "Registro ilegível",
        sentence: "O registro no log não é uma mensagem deste gateway, ou está danificado."
      },
      unknown_schema_version: {
        short: "Registro de outra versão",
        sentence: "Uma versão mais nova do gateway escreveu o registro. Atualize o processor e o recorder."
      },
      unknown_submission: {
        short: "Resultado sem transação",
        sentence: "Chegou a decisão de uma transação que este banco de dados não conhece."
      },
      unstorable: {
        short: "Recusado pelo banco de dados",
        sentence: "O banco de dados se recusou a gravar esta linha, e só esta."
      },
      other: { short: "Outro", sentence: "Este painel não conhece o motivo." }
    }
  },
  accounts: {
    title: "Contas",
    lead: "Cada cliente do gateway tem uma. O segredo é mostrado uma única vez, quando é criado.",
    none: "Ainda não há contas",
    noneText: "Um cliente precisa de uma conta e de seu segredo para enviar transações.",
    name: "Nome",
    id: "Id da conta",
    copyId: "Copiar o id de {name}",
    created: "Criada",
    status: "Situação",
    actions: "Ações",
    enabled: "Ativa",
    disabled: "Desativada",
    disabledSince: "<time></time>",
    transactions: "Transações",
    transactionsOf: "Transações de {name}",
    create: "Criar uma conta",
    creating: "Criando",
    createLead: "O segredo vem em seguida e é mostrado uma única vez.",
    nameHint: "Para pessoas. Duas contas podem ter o mesmo nome.",
    nameRequired: "Dê um nome à conta.",
    createSubmit: "Criar",
    rotate: "Novo segredo",
    rotateOf: "Novo segredo para {name}",
    rotateTitle: "Criar um novo segredo para {name}",
    rotateLead: "Para um cliente que perdeu o segredo ou vai trocá-lo.",
    rotateKeeps: "O segredo atual continua valendo",
    keeps: {
      now: "não continua: termina agora",
      hour: "por uma hora",
      day: "por um dia",
      week: "por uma semana",
      month: "por 30 dias"
    },
    rotateNow: "Requisições com o segredo atual são recusadas em até 5 segundos, e quem entrou com ele é desconectado.",
    rotateUntil: "Até {until}, os dois valem. Depois o atual é recusado, e quem entrou com ele é desconectado.",
    rotateSubmit: "Criar o segredo",
    rotateFull:
      "Esta conta já tem dois segredos completos valendo. Espere o mais antigo terminar, ou faça os atuais terminarem agora.",
    disable: "Desativar",
    disableOf: "Desativar {name}",
    disableTitle: "Desativar {name}?",
    disableText: "As requisições da conta são recusadas em até 5 segundos, e suas pessoas são desconectadas do painel.",
    disableStays:
      "As transações guardadas ficam, e as que esperam são decididas mesmo assim. Você pode ativar a conta de novo.",
    enable: "Ativar",
    enableOf: "Ativar {name}",
    nowDisabled: "Desativada: {name}",
    nowEnabled: "Ativada: {name}",
    failed: "Nada foi alterado. {why}",
    secretTitle: "O segredo de {name}",
    secretLead: "Mostrado uma única vez. O gateway guarda apenas um resumo dele: ninguém poderá mostrá-lo de novo.",
    secret: "Segredo",
    pair: "conta:segredo",
    copySecret: "Copiar o segredo",
    copyPair: "Copiar conta:segredo",
    previousUntil: "O segredo anterior vale até {until}.",
    previousEnded: "O segredo anterior terminou.",
    stored: "Já guardei",
    notYet: "Ele só é mostrado aqui. Guarde-o e escolha “Já guardei”."
  }
}
