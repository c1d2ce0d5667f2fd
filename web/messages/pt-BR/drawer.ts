import type { Translation } from "../Messages.ts"

export const drawer: Translation["drawer"] = {
  transaction: "Transação",
  changed: "{amount}, {status}",
  accepted: "Aceita em {time}",
  copyId: "Copiar o id",
  copyLink: "Copiar link",
  copyCurl: "Copiar como cURL",
  curlHint: "usa $SECRET",
  missing: {
    title: "Transação não encontrada",
    text: "Não existe transação com este id, ou ela é de outra conta.",
    looked: "Id procurado"
  },
  why: "Por que foi rejeitada",
  hint: {
    invalid_number:
      "Procure um dígito errado: o último confere os demais (Luhn), e cada bandeira tem seu próprio comprimento.",
    card_brand_not_supported:
      "São aceitas Visa, Mastercard, American Express, Diners Club, Discover, JCB, Elo e Hipercard.",
    invalid_expiry_month: "O mês enviado foi {month}. Janeiro é 1, dezembro é 12.",
    invalid_expiry_year: "O ano enviado foi {year}. Envie dois ou quatro dígitos, no máximo 20 anos à frente.",
    expired_card: "A validade enviada foi {expiry}. O cartão vale até o último dia (UTC) do mês.",
    invalid_cvv:
      "{brand, select, amex {No American Express são 4 dígitos.} other {Envie 3 dígitos; só o American Express tem 4.}}",
    amount_too_small: "São aprovados valores de US$\u00a01,00 a US$\u00a01.000,00.",
    amount_too_large: "São aprovados valores de US$\u00a01,00 a US$\u00a01.000,00.",
    card_unreadable: "Envie de novo como uma nova transação: esta continua rejeitada."
  },
  timeline: {
    title: "Linha do tempo",
    took: "Decidida em {duration}",
    waiting: "Aguardando há {duration}",
    stage: {
      accepted: "Aceita",
      appended: "No log",
      decided: "Decidida",
      recorded: "Registrada"
    },
    position: "partição {partition}, offset {offset}",
    after: "+{duration}",
    pending: { appended: "informado com a decisão", other: "aguardando" }
  },
  card: {
    title: "Cartão",
    brand: "Bandeira",
    number: "Número",
    masked: "final {last4}",
    notKept: "não guardado: menos de 13 dígitos",
    expiry: "Validade",
    fingerprint: "Impressão digital",
    copyFingerprint: "Copiar a impressão digital"
  },
  facts: {
    title: "Detalhes",
    reference: "Referência",
    account: "Conta",
    copyAccount: "Copiar a conta",
    copyReference: "Copiar a referência",
    empty: "vazio"
  },
  metadata: "Metadados",
  json: {
    title: "JSON",
    copy: "Copiar o JSON"
  }
}
