import type { Translation } from "../Messages.ts"

export const shell: Translation["shell"] = {
  title: "Gateway de pagamentos",
  skip: "Ir para o conteúdo",
  navigation: "Seções",
  transactions: "Transações",
  pipeline: "Pipeline",
  parked: "Retidas",
  accounts: "Contas",
  menu: "Preferências e conta",
  signedInAs: "Conectado como",
  copyAccount: "Copiar o id da conta",
  operator: "Operador",
  readOnly: "somente leitura",
  signOut: "Sair",
  signOutFailed: "Não foi possível sair: o gateway não responde. Este navegador continua conectado.",
  documentation: "Documentação da API",
  theme: "Aparência",
  themes: { light: "Claro", dark: "Escuro", system: "Do sistema" },
  language: "Idioma",
  keys: "Atalhos do teclado",
  sendTest: "Enviar teste",
  connection: {
    label: "Fluxo de eventos",
    connecting: "Conectando",
    live: "Ao vivo",
    lag: "atraso de {lag}",
    paused: "Pausado",
    reconnecting: "Reconectando",
    stale: "Desatualizado, última notícia {ago}",
    never: "Sem conexão",
    asleep: "Em espera"
  },
  shortcuts: {
    title: "Atalhos do teclado",
    search: "Buscar, ou abrir uma transação pelo id",
    next: "Próxima linha",
    previous: "Linha anterior",
    open: "Abrir a linha",
    close: "Fechar o que está aberto",
    pause: "Pausar ou continuar",
    newest: "Mostrar as novas",
    send: "Enviar uma transação de teste",
    help: "Esta lista"
  },
  notFound: {
    title: "Não há nada aqui",
    text: "O endereço pode ser antigo ou estar errado.",
    back: "Para as transações"
  },
  onlyOperator: {
    title: "Isto é para o operador",
    text: "Entre como operator para ver o pipeline, as transações retidas e as contas."
  }
}
