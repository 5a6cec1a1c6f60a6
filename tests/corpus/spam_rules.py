# ruff: noqa: E501 — a pattern is one line
"""Rules as an operator may have them, by which the engine is measured on `spam` and `harmless`: patterns for what is
offered or threatened, in the languages of the corpus. `\\b` is ASCII, and stands beside no other letters."""

from __future__ import annotations

from chalicelib.vocabulary.guarding import Action, Rule

_PATTERNS: dict[str, tuple[Action, tuple[str, ...]]] = {
    "prize": ("mark", (
        r"(free|gratis|gratuit|grátis) (iphone|gift)|iphone (free|gratis|gratuit|grátis)|(бесплатный|bedava) iphone",
        r"(you won|you have won|has ganado un|ganhou um|hast gewonnen|avez gagné un|hai vinto un).{0,40}(iphone|link|free)",
        r"du hast gewonnen! hol|آيفون مجانا|iphoneが無料|मुफ्त iphone",
        r"claim your.{0,15}(gift|prize|reward)|claim your free|one of them, tap the link",
        r"(selected as|als gewinner ausgewählt|seleccionado como ganador|sélectionné comme gagnant|selecionado como ganhador)",
        r"تم اختيارك كفائز|विजेता चुना गया|当選者に選ばれ|выбраны победителем|lucky winner|ihr gewinn wartet",
        r"(prize is waiting|premio te espera|prêmio está esperando|lot vous attend)|nur .{1,6} euro versand und",
    )),
    "wages": ("low", (
        r"(earn|verdiene|gana|gagnez|ganhe|guadagna|kazan)\s.{0,6}\d{3,}.{0,14}(day|week|tag|d[ií]a|jour|dia|giorno|home)",
        r"günde \d{3,} .{1,4} kazan|earn \$?\d+ a day|اربح \d+ .{0,10}يوميا|रोज \d+ (रुपये|से)|1日\d+万円稼",
        r"(job|work|homeoffice|trabajo|travail|trabalho|lavoro|renda).{0,50}(no|without|keine|sin|sans|sem|senza) "
        r"(skills|experience|erfahrung|experiencia|expérience|experiência|esperienza)",
        r"part-time job|salary paid daily|पार्ट टाइम जॉब|paise kamao|pagamento diário|راتب يومي|оплата каждый день",
        r"(make|verdiene|gano|gagne|faço).{0,12}\d+.?(k|mil|000| euro| al mes| euros).{0,14}(month|monat|mes|mois|mês)",
        r"(financial freedom|finanzielle freiheit|libertad financiera|liberté financière|liberdade financeira)|passive income",
        r"(extra income|online geld verdienen|ganar dinero extra|月収100万|簡単に稼げる|不労所得|заработок \d+ руб)",
        r"turned \$?\d+ into|work(ing)? from home,? no exp",
    )),
    "profit": ("hold", (
        r"guaranteed.{0,3} (profit|return|income)|make guaranteed|garanti(erte[rs]?|do|da|zado|zada|to|li) (gewinn|rendite)",
        r"(ganancia|rendimiento|profit|rendement|lucro|retorno|profitto|rendimento|kazanç) (garanti|garantiz)|garantili kazanç",
        r"(ربح|أرباح) مضمون|गारंटीड मुनाफा|पक्का मुनाफा|利益保証|元本保証|гарантированная прибыль|доход гарантирован",
        r"crypto trading|trading signals|options signals|krypto-signale|señales de forex|توصيات فوركس|勝率\d+%|no forex",
        r"(investment|inversión) (of|de) \$?\d+.{0,20}(paid|pagó)|recover all my losses|récupéré mes pertes|mit forex \d",
        r"giving away \d+ btc|eth(ereum)? giveaway|connect your wallet|seed phrase|pix em dobro|airdrop is live",
    )),
    "followers": ("low", (
        r"(buy|get|compra|compre|kaufe|achetez|satın al).{0,20}(followers|seguidores|abonn[eé]s|follower|takipçi)",
        r"\d+.{0,3}(k|mil|bin|000) .{0,8}(followers|seguidores|abonnés|follower|takipçi).{0,12}(por|für|pour|a|sadece|sirf|\d)",
        r"takipçi satın|متابعين (حقيقيين|ولايكات)|फॉलोअर्स खरीद|フォロワー販売|フォロワーを格安|накрутка подписчиков|живые подписчики",
        r"(grow your account|boost your instagram|bringen dir jede woche|crecer tu cuenta|grandir ton compte|cresça seu perfil)",
        r"low engagement|smm panel|cheap likes|likes free as a test",
        r"(blue tick|account verified|blauer haken|insignia azul|selo azul|ब्लू टिक|認証バッジ|العلامة الزرقاء)",
    )),
    "phishing": ("hold", (
        r"(account|page) (will be|has been) (deleted|disabled|suspended|limited)|your page has violated",
        r"copyright (infringement was|violation, verify)|urheberrechtsverletzung|derechos de autor, verif|droit d'auteur, v",
        r"direitos autorais, v|violazione del copyright|انتهاك حقوق النشر|कॉपीराइट उल्लंघन|著作権侵害のため|telif hakkı ihlali|нарушение авторских прав",
        r"(24 (stunden|horas|h|hours|saat içinde)|in 24 stunden deaktiviert|через 24 часа|خلال 24 ساعة، أكد|24時間以内に停止).{0,60}https?://",
        r"(tu cuenta|sua conta|your paypal|su cuenta bancaria|compte bancaire|bankkonto|sua conta do banco).{0,20}(eliminada|"
        r"excluída|limited|bloquead|suspendu|eingeschränkt)",
        r"(confirm your password|update your billing|la tua pagina sarà|kyc अपडेट|口座が制限|بطاقتك البنكية|kimliğinizi onaylayın)",
        r"(you in this video|posted this picture of you|du das in dem video|tú en este video|toi dans cette vidéo|você nesse vídeo|tu in questo video)",
        r"هل هذا أنت في الفيديو|इस वीडियो में आप|この動画に写ってる|это ты на видео",
        r"(customs fee|im zoll|en aduana|à la douane|na alfândega|in dogana|في الجمارك|कस्टम में|税関で|gümrükte|на таможне).{0,40}https?://",
        r"(send me the code|schick mir den code|mándame el código|envoie-moi le code|me manda o código)",
        r"hacked into your device|hack your|lost your account\? i got",
    )),
    "money": ("low", (
        r"(instant|urgent) loan|loans? at \d|sofortkredit|dringend ein darlehen|préstamos? (inmediatos|urgente)|prêt entre part",
        r"crédit urgent|empréstimo (para negativado|urgente)|prestiti veloci|قروض فورية|तुरंत लोन|審査なしで即日融資|anında kredi|кредит без отказа",
        r"bad credit\?|deceased client|transfer funds abroad|compensation fund|(widow|witwe|viuda|veuve|أرملة).{0,60}(\d|fund|don)",
    )),
    "adult": ("low", (
        r"private (photos|fotos)|privaten fotos|fotos privadas|hot single|heiße singles|chicas solteras|femmes célibataires",
        r"onlyfans is|sugar (baby|mummy)",
    )),
    "goods": ("low", (
        r"(replica|réplicas?|repliken|répliques).{0,40}(factory|price|precio|prix|1:1|catálogo|whatsapp)|rolex (and|und) |at 90% off",
        r"ماستر كوبي|फर्स्ट कॉपी|スーパーコピー|копии часов|réplicas primeira linha",
        r"(ray-ban|sneaker).{0,20}\d\d ?%.{0,40}https?://",
        r"(lose|abnehmen|baja|perdez|emagreça|perdi|ver|похудеть|घटाएं|انزل|痩せ).{0,30}(diet|diät|dieta|régime|diyet|диет)",
        r"\d+ kg in \d wochen abnehmen|10 (किलो वजन|كيلو في)|10 kilo ver|\d+キロ痩せる|natural pills|cura la diabetes con",
        r"without prescription|ohne rezept|gummies free trial",
    )),
    "bets": ("low", (
        r"(casino|cassino|casinò|казино|slot).{0,24}(\d{2,3} ?%|%\d{2,3})|bonus casino|bônus de cassino|free spins",
        r"fixed matches|partidos arreglados|fußballwetten|betting|bet365|pakki report|tigrinho",
        r"amarres de amor|grand marabout|pai de santo|amor de volta|शीकरण विशेषज्ञ|روحاني جلب|приворот",
    )),
    "promotion": ("mark", (
        r"dm to collab|promote it on @|to get featured|@[\w.]+ und werde|foto a @|you only pay shipping|solo pagas el envío",
        r"du zahlst nur den versand|tu paies seulement la livraison|paga só o frete|seo company|google page 1|platz 1 bei google",
        r"première page de google|at lowest cost|free audit report|email lists",
        r"forward this to \d+|reenvía este mensaje a \d+|give away 1000",
    )),
    # what many of these have in common, whatever their words
    "offers": ("low", (
        r"\d{2,}.{0,16}\b(a|per|every|each|pro|al|por|par|all) ?(day|week|month|hour|tag|woche|mes|semana|dia|mois|mese)\b",
        r"\d{3,}.{0,12}(am tag|im monat|al mes|a la semana|por dia|por mês|par jour|par mois|haftada|ayda|هفتة|بالأسبوع|毎週)",
        r"(毎週|हर हफ्ते|ayda|اكسب).{0,8}\d+",
        r"\d{3,} (likes|new followers|views|seguidores|abonnés|лайков)|(likes|curtidas).{0,12}(cheap|pas chers|baratas)",
        r"\d+ ?k? ?(likes|followers|seguidores|abonnés|takipçi|подписчиков|лайков) (for|für|por|pour|за|ب) ?\d",
        r"likes (for|für) \d|mil por \d+ reais|متابعين.{0,12}\d+ ب|(1000|500) (likes|лайков)",
        r"(10 min|10 minut).{0,60}(papers|cédula|renda|segnalazioni|auskunft|паспорт)|(kredit|prestito|dinero|деньги).{0,8}(10 мин|in 10)",
        r"(cash today|need cash|money) in \d+ min|no papers,? money|dinheiro na conta em",
    )),
    "draws": ("mark", (
        r"(drew|drawn|tiré au sort|sorteado|finalisti|letzten \d|lucky draw|लकी ड्रा|çekilişte).{0,60}(confirm|click|klick|clique|clicca|hurry|onay|लॉटरी)",
        r"(número|номер|رقمك|抽選の結果).{0,24}(sorteo de un|выиграл|فاز|当たりました)|walmart voucher|free gift for you|step away from a",
    )),
    "threats": ("hold", (
        r"(last warning|letzte mahnung|último aviso|dernier avis|final notice).{0,80}https?://",
        r"(appeal|widerspruch|apela|faites appel|einspruch).{0,30}https?://|account has been limited",
        r"(hold your item|held at).{0,24}https?://|look what they wrote.{0,12}https?://|text you six digits|six digits, pass",
        r"spy on any phone|may inherit|import your wallet|in usdt|copy my trades|copiant mes trades|monthly, ask",
    )),
    "others": ("low", (
        r"my cam is|i am online now|1:1, ask|dress sizes|no deposit|welcome bonus|vip football|beim roulette|postage only|brand rep",
        r"shoutout on|rank your shop|copiando y pegando|assistindo anúncios|コピペだけ|online assistants|just by typing",
    )),
}  # fmt: skip
EXAMPLES = [
    Rule(id=f"{name}-{number}", kind="pattern", action=action, value=value)
    for name, (action, values) in _PATTERNS.items()
    for number, value in enumerate(values)
] + [Rule(id="flood", kind="links", action="hold", value="4")]
