// What stands in front of the desk: its switches, who may be asked there, and what became of conversations.

export default {
  fronts: ["In front of the desk", "Delante del escritorio"],
  fronts_of: ["In front of the desk of {account}", "Delante del escritorio de {account}"],
  fronts_hint: [
    "All of it is off by default. A switch writes into the account's row what the operator's Terraform would (its “front”), and holds until “Reset all”. Whoever is asked is a stand-in of the sandbox's.",
    "Todo está apagado de fábrica. Un interruptor escribe en la fila de la cuenta lo que escribiría el Terraform del operador (su «front») y dura hasta «Reiniciar todo». A quien se pregunta es un doble del entorno.",
  ],
  front_guards: ["Guards", "Guardas"],
  hint_front_guards: [
    "Machines that answer ours are marked, then held for an hour, then parked. Agents read why, and nothing is lost.",
    "Las máquinas que contestan a la nuestra se marcan, luego se retienen una hora, luego se apartan. Los agentes leen por qué y nada se pierde.",
  ],
  front_crm: ["CRM", "CRM"],
  hint_front_crm: [
    "Each customer is looked up: crm_tier, a queue and a priority come with the message. It waits 0.8 s for that at most.",
    "Se consulta a cada cliente: crm_tier, una cola y una prioridad llegan con el mensaje. Espera por eso 0,8 s como mucho.",
  ],
  front_triage: ["Triage", "Clasificación"],
  hint_front_triage: [
    "A model tells intent, sentiment, language, urgency, spam. Try “URGENT: my order is late”. A message waits 0.8 s at most.",
    "Un modelo dice intención, ánimo, idioma, urgencia, spam. Prueba «URGENT: my order is late». Un mensaje espera 0,8 s como mucho.",
  ],
  front_bot: ["Bot first", "Primero el bot"],
  hint_front_bot: [
    "A bot answers before an agent does. It knows when the shop is open; ask anything else, or for a person, and people take over.",
    "Un bot responde antes que un agente. Sabe cuándo está abierta («open») la tienda; con otra pregunta, o si pides una persona, siguen personas.",
  ],
  front_thanks: ["Thanks for stories", "Gracias por las historias"],
  hint_front_thanks: [
    "Who mentions the brand in a story is thanked for it automatically: once for each story, a hundred a day.",
    "A quien menciona a la marca en una historia se le agradece automáticamente: una vez por historia, cien al día.",
  ],
  front_routing: ["Shared with other apps", "Compartida con otras aplicaciones"],
  hint_front_routing: [
    "Instagram gives each conversation to one app. The account of customer 3 is connected to another one, too: POST /instagram/routing and /instagram/other-app of the control API play it.",
    "Instagram da cada conversación a una aplicación. La cuenta del cliente 3 está conectada también a otra: POST /instagram/routing y /instagram/other-app de la API de control la manejan.",
  ],
  hint_front_other: ["What it does is told in docs/front.md of the repository.", "Lo que hace se cuenta en docs/front.md del repositorio."],

  model_slow: ["The model is slow", "El modelo es lento"],
  hint_model_slow: [
    "It answers after 30 s. A message waits 0.8 s for triage and arrives without; after 8 s without the bot, people take over.",
    "Responde a los 30 s. Un mensaje espera 0,8 s la clasificación y llega sin ella; tras 8 s sin el bot siguen personas.",
  ],
  model_down: ["The model is down", "El modelo está caído"],
  hint_model_down: [
    "Each call is answered 503. Messages arrive at once, without triage or bot. After three failures it is left alone for half a minute.",
    "Cada llamada recibe 503. Los mensajes llegan enseguida, sin clasificación ni bot. Tras tres fallos se le deja en paz medio minuto.",
  ],
  model_nonsense: ["The model answers nonsense", "El modelo responde disparates"],
  hint_model_nonsense: [
    "It talks instead of giving an answer of the shape that was asked for. None of it is used: no triage, and people answer in place of the bot.",
    "Habla en vez de responder con la forma pedida. Nada de eso se usa: no hay clasificación, y en lugar del bot responden personas.",
  ],
  crm_slow: ["The CRM is slow", "El CRM es lento"],
  hint_crm_slow: [
    "It answers after 30 s. A message waits 0.8 s and arrives without; for 2 minutes that customer is not looked up again.",
    "Responde a los 30 s. Un mensaje espera 0,8 s y llega sin ello; durante 2 minutos no se vuelve a consultar a ese cliente.",
  ],
  crm_down: ["The CRM is down", "El CRM está caído"],
  hint_crm_down: [
    "Each call is answered 503. Messages arrive at once, with what was told within the last day, or without.",
    "Cada llamada recibe 503. Los mensajes llegan enseguida, con lo que se dijo en el último día, o sin ello.",
  ],
  customer_bot: ["Customers are bots", "Los clientes son bots"],
  hint_customer_bot: [
    "Every customer says back within a second whatever the brand writes. With guards and a bot in front: marked, soon held, parked an hour later.",
    "Cada cliente repite en un segundo lo que escribe la marca. Con guardas y un bot delante: se marca, pronto se retiene, se aparta una hora después.",
  ],

  front_holds: ["Has the conversation: {who}", "Tiene la conversación: {who}"],
  holder_bot: ["the bot", "el bot"],
  holder_app: ["another app", "otra aplicación"],
  holder_nobody: ["nobody", "nadie"],
  front_triaged: ["Triage: {what}", "Clasificación: {what}"],
  triage_urgency: ["urgency {urgency}", "urgencia {urgency}"],
  triage_spam: ["spam {spam} of 100", "spam {spam} de 100"],
  front_noticed: ["A guard: {what} ({why})", "Una guarda: {what} ({why})"],
  guard_mark: ["marked", "marcado"],
  guard_low: ["put behind the others", "puesto detrás de los demás"],
  guard_hold: ["held", "retenido"],
  guard_park: ["parked", "apartado"],
  guard_drop: ["dropped", "descartado"],
  front_hold: ["Held until {moment} at the latest ({why}). Nothing of it is lost.", "Retenida como mucho hasta el {moment} ({why}). Nada se pierde."],
  front_park: ["Parked until {moment} ({why}): what comes is put aside.", "Apartada hasta el {moment} ({why}): lo que llega se aparta."],
  front_release: ["To let it go on:", "Para que siga:"],
  front_later: [
    "What waits follows within 5 minutes, or at once with a later clock; with time what is held goes on by itself.",
    "Lo que espera sigue en 5 minutos, o enseguida con un reloj más tardío; con el tiempo lo retenido sigue solo.",
  ],
  front_hold_message: ["Waits on the queue. The desk has none of it yet.", "Espera en la cola. El escritorio aún no lo tiene."],
  front_park_message: ["Put aside in the bucket, until it is brought back.", "Apartado en el bucket, hasta que se recupere."],
  front_handed: ["People took over here: {why}", "Aquí siguieron personas: {why}"],
  front_state_bot: ["with the bot", "con el bot"],
  front_state_hold: ["held", "retenida"],
  front_state_park: ["parked", "apartada"],
  front_state_over: ["people took over", "siguen personas"],
  front_none: [
    "The desk has none of this: it happened before an agent was asked.",
    "El escritorio no tiene nada de esto: pasó antes de preguntar a un agente.",
  ],
};
