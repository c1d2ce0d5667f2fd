import type { Translation } from "../Messages.ts"

export const live: Translation["live"] = {
  title: "Transações",
  search: {
    label: "Buscar",
    placeholder: "Id, quatro últimos dígitos ou referência",
    submit: "Buscar",
    hint: "Um id abre a transação. Quatro dígitos buscam o cartão; qualquer outro texto, essa referência exata."
  },
  filters: {
    open: "Filtros",
    apply: "Aplicar",
    clear: "Limpar filtros",
    remove: "Remover filtro: {filter}",
    status: "Situação",
    any: "Todas",
    more: "Mais filtros",
    from: "Aceita a partir de",
    to: "Aceita antes de",
    last: "Últimos {duration}",
    min: "Valor a partir de (US$)",
    max: "Valor até (US$)",
    brand: "Bandeira",
    anyBrand: "Qualquer bandeira",
    last4: "Quatro últimos dígitos",
    reference: "Referência",
    referenceHint: "Exatamente como foi enviada",
    account: "Conta",
    badAmount: "Um valor como 19,99",
    badDigits: "Quatro dígitos",
    chips: {
      from: "a partir de {value}",
      to: "antes de {value}",
      min: "no mínimo {value}",
      max: "no máximo {value}",
      last4: "cartão final {value}",
      reference: "referência {value}",
      account: "conta {value}"
    }
  },
  pause: "Pausar",
  resume: "Continuar",
  pausedHint: "Pausado: as linhas esperam até você continuar",
  waiting: "{count, plural, one {# nova} other {# novas}}",
  waitingLabel: "{count, plural, one {Mostrar # transação nova} other {Mostrar # transações novas}}",
  csv: {
    label: "CSV",
    title: "Baixar em CSV o que os filtros mostram",
    working: "Preparando o CSV: {size}",
    done: "O CSV está pronto: {size}",
    failed: "O CSV não pôde ser lido até o fim.",
    cancel: "Cancelar"
  },
  columns: {
    time: "Aceita",
    status: "Situação",
    amount: "Valor",
    card: "Cartão",
    reference: "Referência",
    account: "Conta",
    took: "Decidida em",
    id: "Id"
  },
  noReference: "sem referência",
  cardEnds: "{brand}, final {last4}",
  end: "Estas são todas",
  older: "Carregando transações mais antigas",
  olderFailed: "As transações mais antigas não puderam ser carregadas.",
  further: "Nada correspondeu no que foi examinado.",
  lookFurther: "Procurar mais para trás",
  empty: {
    title: "Esperando a primeira transação",
    text:
      "Envie uma pela página, ou cole isto em um terminal, com SECRET igual ao segredo da conta. A linha aparece aqui sozinha.",
    operator: "Nenhuma conta enviou uma transação ainda. Elas aparecem aqui sozinhas.",
    copy: "Copiar o comando"
  },
  nothing: {
    title: "Nenhuma transação corresponde",
    text: "As que vierem a partir de agora aparecem quando corresponderem."
  },
  details: "Transação {id}"
}
