// Trouble: what each switch does, and for how long.

export default {
  trouble: ["Trouble", "Problemas"],
  alarm: ["Trouble is on: {what}", "Hay problemas activos: {what}"],
  alarm_off: ["Turn all off", "Quitar todo"],
  other_faults: ["faults set by the control API", "fallos puestos por la API de control"],
  clock_ahead: ["the clock is {time} ahead", "el reloj va {time} adelantado"],
  clock_behind: ["the clock is {time} behind", "el reloj va {time} atrasado"],

  genesys_429: ["Genesys answers 429", "Genesys responde 429"],
  hint_genesys_429: [
    "It takes no message and asks to come back after 2 s. Messages wait; once this is off they arrive within seconds, in order.",
    "No acepta mensajes y pide volver en 2 s. Los mensajes esperan; al quitarlo llegan en segundos, en orden.",
  ],
  genesys_down: ["Genesys is down", "Genesys está caído"],
  hint_genesys_down: [
    "Every call is answered 503. Messages wait, and are tried ever less often: once this is off they may take a minute.",
    "Cada llamada recibe 503. Los mensajes esperan y se reintentan cada vez menos: al quitarlo pueden tardar un minuto.",
  ],
  genesys_silent: ["Genesys accepts and never answers", "Genesys acepta y nunca responde"],
  hint_genesys_silent: [
    "It takes each message and says nothing. dmdesk waits 8 s, then reads back what arrived before it sends again: nothing doubles.",
    "Toma cada mensaje y no dice nada. dmdesk espera 8 s y luego lee lo que llegó antes de reenviar: nada se duplica.",
  ],
  platform_refuses: ["The platform refuses", "La plataforma rechaza"],
  hint_platform_refuses: [
    "It refuses each reply for good. The agent sees “Failed” within a second, and a line says why.",
    "Rechaza cada respuesta para siempre. El agente ve «Fallido» en un segundo, y una línea dice por qué.",
  ],
  platform_429: ["The platform answers 429", "La plataforma responde 429"],
  hint_platform_429: [
    "It takes no reply for now. Replies are tried for 15 minutes; then they fail and the agent is told.",
    "No acepta respuestas por ahora. Se reintentan 15 minutos; luego fallan y se avisa al agente.",
  ],
  duplicates: ["Webhooks come twice", "Los webhooks llegan dos veces"],
  hint_duplicates: [
    "Each webhook comes again after 0.75 s. Agents see each message once.",
    "Cada webhook llega otra vez a los 0,75 s. Los agentes ven cada mensaje una vez.",
  ],
  reorder: ["Webhooks come out of order", "Los webhooks llegan desordenados"],
  hint_reorder: [
    "Every other webhook comes 1.5 s late, so that the next overtakes it. “Out of order” counts what agents see that way.",
    "Uno de cada dos webhooks llega 1,5 s tarde y el siguiente lo adelanta. «Desordenados» cuenta lo que los agentes ven así.",
  ],
  kill_worker: ["Kill the next worker half way", "Matar al siguiente proceso a medias"],
  hint_kill_worker: [
    "The next worker dies right after its call, once. Its message goes on when the claim ends, after up to 90 s.",
    "El siguiente proceso muere justo tras su llamada, una vez. Su mensaje sigue al vencer la reserva, en hasta 90 s.",
  ],
  forged: ["Forge a webhook", "Falsificar un webhook"],
  forged_told: ["The forged webhook was answered {status}.", "El webhook falsificado recibió {status}."],
  clock: ["Sandbox time", "Hora del entorno"],
  plus_20h: ["+20 h", "+20 h"],
  plus_25h: ["+25 h", "+25 h"],
  plus_8d: ["+8 days", "+8 días"],
  clock_back: ["Now", "Ahora"],
  reset: ["Reset all", "Reiniciar todo"],
  was_reset: ["Everything is empty again.", "Todo está vacío otra vez."],
};
