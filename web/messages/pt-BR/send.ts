import type { Translation } from "../Messages.ts"

export const send: Translation["send"] = {
  title: "Enviar uma transação de teste",
  lead: "Ela percorre o caminho todo: aceita, no log, decidida, registrada.",
  card: "Cartão de teste",
  approves: "Aprovados",
  rejects: "Rejeitados",
  special: {
    luhn: "último dígito errado",
    brand: "UnionPay",
    expired: "{expiry}",
    cvv: "Visa, 4 dígitos",
    month: "mês 13",
    year: "{year}"
  },
  amount: "Valor em dólares",
  amounts: "Valores rápidos",
  amountOutcome: {
    approved: "aprovado",
    amount_too_small: "baixo demais",
    amount_too_large: "alto demais"
  },
  details: "Cartão e referência",
  number: "Número do cartão",
  holder: "Titular",
  month: "Mês de validade",
  year: "Ano de validade",
  cvv: "Código de segurança",
  reference: "Referência",
  referenceHint: "Opcional; o nome que você dá a ela.",
  notStored: "O número e o código de segurança ficam só neste formulário e são esquecidos quando ele fecha.",
  key: "Idempotency-Key",
  submit: "Enviar",
  again: "Enviar de novo",
  submitting: "Enviando",
  sameKey: "Ela pode ter chegado mesmo assim. Envie de novo: a chave é a mesma, e nada é criado duas vezes.",
  invalid: {
    amount: "Um valor como 19,99, sem separador de milhar.",
    number: "Até 64 caracteres.",
    holder: "De 1 a 255 caracteres.",
    month: "Um número de 0 a 99.",
    year: "Um número de 0 a 9999.",
    cvv: "Até 16 caracteres.",
    reference: "Até 255 caracteres.",
    cardNumber: "Aqui não cabe um número de cartão: ele seria mostrado e guardado."
  },
  outcome: {
    took: "Decidida em {duration}",
    waiting: "Aceita, mas ainda sem decisão. A mudança aparece aqui sozinha.",
    open: "Abrir",
    another: "Enviar outra"
  }
}
