// The tour.

export default {
  tour: ["Tour", "Recorrido"],
  tour_offer: ["First time here?", "¿Primera vez aquí?"],
  tour_offer_text: [
    "You play both sides: a customer on the phone, an agent at the desktop. Six steps show what happens between them.",
    "Tú juegas ambos lados: un cliente al teléfono y un agente en su escritorio. Seis pasos muestran lo que pasa entre ellos.",
  ],
  tour_take: ["Take the tour", "Hacer el recorrido"],
  tour_not_now: ["Not now", "Ahora no"],
  tour_end: ["End", "Terminar"],
  tour_do: ["Do it for me", "Hazlo por mí"],
  tour_step: ["{n} of {of} · {title}", "{n} de {of} · {title}"],
  tour_1: ["A customer writes", "Un cliente escribe"],
  tour_1_text: [
    "This is the customer's phone. Write something: Instagram tells dmdesk by a signed webhook.",
    "Este es el teléfono del cliente. Escribe algo: Instagram avisa a dmdesk con un webhook firmado.",
  ],
  tour_1_say: ["Hi! Is the green mug back in stock?", "¡Hola! ¿Ya volvió la taza verde?"],
  tour_2: ["The agent sees it", "El agente lo ve"],
  tour_2_text: [
    "The same message, in a Genesys conversation. The script beside it tells who wrote, where, and until when you may answer.",
    "El mismo mensaje, en una conversación de Genesys. El guion a su lado dice quién, dónde y hasta cuándo responder.",
  ],
  tour_3: ["The agent answers", "El agente responde"],
  tour_3_text: [
    "Answer here. The customer's phone shows it, and a receipt tells the agent that it arrived.",
    "Responde aquí. El teléfono del cliente lo muestra y un acuse le dice al agente que llegó.",
  ],
  tour_3_say: ["It is! Shall I put one aside for you?", "¡Sí! ¿Te aparto una?"],
  tour_4: ["The road between", "El camino entre ambos"],
  tour_4_text: [
    "One line per message: every hop and its time. Open a line to see it as a waterfall, with the exact requests and answers.",
    "Una línea por mensaje: cada salto y su tiempo. Abre una línea para verla en cascada, con las peticiones y respuestas exactas.",
  ],
  tour_5: ["Trouble, and nothing lost", "Problemas, y nada perdido"],
  tour_5_text: [
    "Let Genesys answer 429 and write: the road shows what waits. Switch it off: the messages arrive, in order. Lost stays 0.",
    "Haz que Genesys responda 429 y escribe: el camino muestra lo que espera. Apágalo: los mensajes llegan, en orden. Perdidos: 0.",
  ],
  tour_5_say: ["Message {n} through the storm", "Mensaje {n} a través de la tormenta"],
  tour_6: ["Too late to answer", "Demasiado tarde para responder"],
  tour_6_text: [
    "Instagram lets a brand answer for 24 hours. Move the clock by 25 and answer: it is refused, and the agent reads why. “End” turns the clock back.",
    "Instagram permite responder durante 24 horas. Adelanta el reloj 25 y responde: se rechaza y el agente lee por qué. «Terminar» devuelve el reloj.",
  ],
  tour_6_say: ["Sorry for the wait!", "¡Perdón por la espera!"],
};
