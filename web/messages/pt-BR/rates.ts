import type { Translation } from "../Messages.ts"

export const rates: Translation["rates"] = {
  title: "Taxas",
  show: "Mostrar o gráfico",
  hide: "Ocultar o gráfico",
  throughput: { label: "Vazão", hint: "últimos 60 s", unit: "/s" },
  approval: {
    label: "Aprovadas",
    hint: "{count, plural, =0 {nenhuma decidida} one {de # decidida} other {de # decididas}}"
  },
  p95: { label: "p95 até a decisão", short: "p95", hint: "segundo mais lento" },
  waiting: { label: "Aguardando", hint: "últimos 5 min" },
  description: {
    throughput: "Transações aceitas por segundo, em média, nos últimos 60 segundos completos",
    approval: "A parcela de aprovadas entre as que foram aceitas nos últimos 60 segundos completos e já têm decisão",
    p95:
      "Da aceitação à decisão. Cada segundo tem o seu percentil 95; este é o maior dos últimos 60 segundos completos, então pelo menos 95% foram decididas dentro dele",
    waiting: "Aceitas nos últimos 5 minutos e ainda sem decisão"
  },
  stopped: "Sem conexão ao vivo. Números de {time}",
  unknown: "Sem conexão ao vivo. Ainda sem números",
  paused: "A lista está pausada; estes números continuam",
  chart: {
    approved: "Aprovadas",
    rejected: "Rejeitadas",
    perSecond: "por segundo",
    p95: "p95",
    summary:
      "Gráfico dos últimos 5 minutos até {until}: {approved} aprovadas, {rejected} rejeitadas, no máximo {peak} em um segundo, p95 {p95}. A tabela a seguir traz os números.",
    failed: "Não foi possível carregar o gráfico. Os números valem sem ele."
  },
  table: {
    caption: "Transações dos últimos 5 minutos, por 30 segundos de aceitação",
    from: "A partir de",
    accepted: "Aceitas",
    approved: "Aprovadas",
    rejected: "Rejeitadas",
    p95: "p95, segundo mais lento"
  }
}
