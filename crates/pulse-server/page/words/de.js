// Die Wörter der Seite auf Deutsch. Was von Zahlen abhängt, ist eine Funktion von ihnen.
const gezaehlt = (n, eins, mehrere) => `${n} ${n === 1 ? eins : mehrere}`;

export default {
  // Der Rahmen der Seite.
  statement: "Jedes Bild hier außer dem gegebenen ist erdacht, von einem Modell mit eigenen Gewohnheiten: Keines zeigt, wer oder was wirklich auf Ihrem Bild war, und keines darf benutzt werden, um jemanden zu erkennen, zu beschuldigen oder zu beschreiben.",
  home: "PULSE, zum Anfang", trail: "Wo Sie sind", skip: "Zum Inhalt springen", help: "Tasten und Einstellungen", history: "Verlauf", carry: "Mitnehmen",
  undo: "Rückgängig", redo: "Wiederholen", close: "Schließen", dismiss: "Ausblenden", back: "Zurück", cancel: "Abbrechen", save: "Speichern", name: "Name", note: "Notiz", copy: "Kopieren", copied: "Kopiert",
  loading: "Lädt …", progress: "Fortschritt", new: "Neues Bild", download: "Dieses Bild herunterladen", play: "Abspielen", pause: "Anhalten",
  lost: "Das Programm antwortet nicht. Diese Seite macht von selbst weiter, wenn es wieder da ist.",
  ended: "Das Programm wurde beendet. Was gefunden wurde, liegt im Ordner der Sitzung: pulse open macht weiter.",
  shut: "Diese Seite muss mit der Adresse geöffnet werden, die das Programm ausgegeben hat: Sie enthält den Schlüssel.",
  alone: "Alles wird in dieser Seite berechnet: Kein Bild verlässt dieses Gerät.", "alone.kept": "Dieser Browser bewahrt die Sitzung auf, bis sie hier vergessen wird.",
  "alone.not.kept": "Dieser Browser bewahrt nichts von der Sitzung auf: Nehmen Sie mit, was Sie behalten möchten.", "alone.loading": "Das Programm wird geladen …",
  "alone.fetching": ({ name, share }) => `Der Generator ${name} wird geladen: ${Math.round(100 * share)} %`, "alone.forget": "Diese Sitzung vergessen",
  "alone.forget.sure": "Alle Bilder und Suchen vergessen, die dieser Browser von dieser Seite aufbewahrt hat?",
  "alone.lost": "Das Programm in dieser Seite ist stehen geblieben. Laden Sie die Seite neu.",
  broken: "Diese Seite hat einen Fehler.", again: "Noch einmal öffnen",
  "undo.done": ({ what }) => `Rückgängig gemacht: ${what}`, "redo.done": ({ what }) => `Wieder getan: ${what}`, "undo.done.nothing": "Es gibt nichts rückgängig zu machen", "redo.done.nothing": "Es gibt nichts zu wiederholen",
  "undo.search": "Suche (sie bleibt im Verlauf)", "undo.mark": "Stern oder Note", "undo.edit": "Name oder Notiz",
  "gone.picture": "Dieses Bild ist nicht mehr da.", "gone.node": "Das ist nicht mehr da.", "gone.candidate": "Dieser Kandidat ist nicht mehr da.",

  // Anfang.
  "start.title": "Was könnte Ihr kleines Bild gewesen sein?", "start.drop": "Ein kleines Bild hierher ziehen", "start.choose": "oder klicken und eines wählen, oder einfügen",
  "start.reading": "Liest …", "start.example": "Dieses ausprobieren", "start.example.note": "ein Gesicht aus 16 × 16 Pixeln", "start.given": "Bilder dieser Sitzung", "drop.here": "Loslassen",
  "start.session": "Eine mitgenommene Sitzung (.pulse) geht hier auch auf", "session.opened": ({ name }) => `${name} ist offen`,
  "session.sure": "Sie anstelle der Sitzung öffnen, die hier ist? Dieser Browser vergisst jene: Nehmen Sie sie vorher mit, um sie zu behalten.",
  "session.elsewhere": ({ name }) => `${name}: Eine Sitzung öffnet man auf der Befehlszeile, mit pulse open ${name}`,
  "upload.large": ({ name, most }) => `${name}: zu groß; höchstens ${most} MiB werden angenommen`, "upload.several": ({ n }) => `${n} Bilder wurden angenommen; dies ist das erste`,

  // Vor der Suche.
  given: "Das gegebene Bild", original: "Das Original", generator: "Generator", "prepare.original": "Zum Vergleich behalten",
  "prepare.size": ({ width, height }) => `${width} × ${height} Pixel`,
  "prepare.faces": ({ n }) => `${gezaehlt(n, "Gesicht wurde", "Gesichter wurden")} gefunden. Klicken Sie ${n === 1 ? "darauf" : "auf eines"}, um es zu nehmen.`,
  "prepare.large": ({ width, side }) => `Es ist ${width} Pixel breit, und der Generator macht ${side}: Schneiden Sie es zu, oder verpixeln Sie es zur Vorführung.`,
  "prepare.search": ({ n }) => (n === 1 ? "Ein Bild finden, das es gewesen sein könnte" : `${n} Bilder finden, die es gewesen sein könnten`),
  "prepare.anyway": "Danach suchen, wie es ist", "prepare.options": "Weitere Möglichkeiten", "prepare.count": "Wie viele", "prepare.spread": "So verschieden voneinander wie möglich", "prepare.sigma": "Rauschen im Bild, in Schritten von 1/255", "prepare.searched": "Schon gesucht",
  crop: "Zuschneiden", "crop.drag": "Ziehen Sie über den Teil, den Sie möchten.", "crop.do": "Ausschneiden", "crop.size": ({ width, height }) => `${width} × ${height} Pixel`, "crop.keys": "Auszuschneidender Teil: Pfeiltasten bewegen ihn, mit Umschalt ändern sie seine Größe",
  pixelate: "Verpixeln, zur Vorführung", "face.take": ({ n }) => `Gesicht ${n} nehmen`, "blocks.take": ({ block }) => `Den Teil mit Blöcken von ${block} Pixeln nehmen`,
  chain: "Was es klein gemacht hat", "chain.automatic": "Vom Programm erkannt: Blöcke, wenn es welche gibt, sonst ein gewöhnliches Verkleinern.", "chain.say": "Selbst angeben", "chain.add": "Stufe hinzufügen", "chain.back": "Für mich erkennen",
  "chain.stage": ({ n }) => `Stufe ${n}`, "chain.earlier": "Früher", "chain.remove": ({ what }) => `Entfernen: ${what}`, "chain.preview": "Was es aus einem Bild macht", "chain.sharp": "Ein scharfes Bild",
  "chain.sigma": "Breite, in Pixeln", "chain.length": "Länge, in Pixeln", "chain.angle": "Winkel, in Grad", "chain.radius": "Radius, in Pixeln", "chain.channels": "Farben",
  "stage.bicubic": "Verkleinern, wie Kameras", "stage.area": "Verkleinern, wie beim Verpixeln", "stage.lanczos3": "Verkleinern, Lanczos", "stage.nearest": "Verkleinern, jedes n-te Pixel", "stage.gaussian": "Weichzeichnen", "stage.motion": "Bewegung", "stage.disk": "Unscharf eingestellt", "stage.gray": "Ohne Farben", "stage.channels": "Nur manche Farben",

  // Ein Knoten und seine Kandidaten.
  title: ({ name }) => `Was ${name} gewesen sein könnte`, "given.caption": ({ width, height }) => `Ihres, ${width} × ${height}`, candidates: "Kandidaten", candidate: ({ n }) => `Kandidat ${n}`, count: ({ n }) => gezaehlt(n, "Kandidat", "Kandidaten"),
  "kind.search": "Suche", "kind.keep": ({ from }) => `Teil von ${from} behalten`, "kind.vary": ({ from }) => `Teil von ${from} neu`, "kind.like": ({ from }) => `Wie ${from}`, "kind.toward": "Zu einem Beispiel hin", "kind.again": "Noch einmal", "kind.opened": "Geöffneter Lauf",
  "state.queued": "wartet", "state.preparing": "bereitet vor", "state.searching": "sucht", "state.judging": "beurteilt", "state.finished": "fertig", "state.stopped": "angehalten", "state.failed": "misslungen",
  "state.queued.long": "Wartet, bis es an der Reihe ist …", "state.preparing.long": "Bereitet vor …", "state.searching.long": "Sucht: Diese sind unterwegs …", "state.judging.long": "Beurteilt, was gefunden wurde …",
  "found.failed": ({ why }) => `Es misslang: ${why}`,
  found: ({ all, finished, matched, worst, isStopped }) => {
    const rest = isStopped ? " Die Suche wurde angehalten, bevor sie fertig war." : "";
    if (all === 0 || finished === 0) return `Nichts wurde fertig.${rest}`;
    if (matched === 0) return `${finished === 1 ? "Er ergibt verkleinert Ihr Bild nicht genau genug" : `Keiner dieser ${finished} ergibt verkleinert Ihr Bild genau genug`}.${rest}`;
    const who = matched === all ? (all === 1 ? "Er ergibt" : `Alle ${all} ergeben`) : `${matched} von ${all} ${matched === 1 ? "ergibt" : "ergeben"}`;
    return `${who} verkleinert Ihr Bild, auf ${worst} dB genau.${rest}`;
  },
  "subject.faces": "Gesichter", left: ({ seconds }) => `noch etwa ${seconds} s`, stop: "Anhalten", more: ({ n }) => `${n} weitere`, "go-on": "Weiter",
  "spread.on": "So verschieden wie möglich", "spread.off": "Nicht auseinandergedrängt", tabs: "Ansichten", "tab.gallery": "Galerie", "tab.tree": "Baum der Antworten", "tab.agree": "Worin sie übereinstimmen",
  tools: "Wie Kandidaten gezeigt werden", sort: "Ordnen nach", filter: "Zeigen", size: "Größe der Bilder", "size.small": "S", "size.medium": "M", "size.large": "L",
  "filter.all": "alle", "filter.matched": "die passen", "filter.good": "bekannt", "filter.fair": "gedehnt", "filter.bad": "unbekannt", "filter.star": "behalten oder benotet", "filter.none": "Kein Kandidat ist von dieser Art.",
  sorted: ({ by }) => `Geordnet nach: ${by}`, shown: ({ n, of }) => `${n} von ${of} gezeigt`,
  "score.number": "Nummer", "score.verdict": "Urteil", "score.db": "Übereinstimmung", "score.rating": "Ihre Note", "score.plausibility": "Abstand vom Üblichen", "score.sharpness": "Schärfe (NIQE)", "score.distinctness": "Eigenständigkeit", "score.discriminator": "Diskriminator", "score.bent": "wie weit verbogen", "score.distance": "Abstand", "score.error": "Fehler zum Original, von 255",
  db: ({ db }) => `${db} dB`,
  "verdict.searching": "sucht", "verdict.stopped": "angehalten", "verdict.missed": "passt nicht", "verdict.none": "passt", "verdict.good": "bekannt: wie die eigenen Bilder des Modells", "verdict.fair": "gedehnt: das Modell musste es werden", "verdict.bad": "unbekannt: kein Bild, das dieses Modell kennt",
  "verdict.short.good": "bekannt", "verdict.short.fair": "gedehnt", "verdict.short.bad": "unbekannt",
  keep: "Behalten", starred: "behalten", "star.label": ({ n }) => `Kandidat ${n} behalten`, rate: "Note", rated: ({ n }) => `benotet mit ${n} von 5`, "rating.short": ({ n }) => `${n}/5`,

  // Ein Kandidat.
  previous: "Voriger Kandidat", next: "Nächster Kandidat", ways: "Wie hinschauen", "way.alone": "Allein", "way.beside": "Daneben", "way.split": "Geteilt", "way.blink": "Blinken", "way.difference": "Unterschied",
  against: "gegen", "against.given": "Ihres", "against.bicubic": "Ihres, glatt vergrößert", "against.small": "verkleinert", "against.candidate": "einen anderen Kandidaten", "against.mean": "das Mittel", "against.other": "Welcher Kandidat",
  "difference.small": "Unterschied zu Ihrem × 20: Grau ist keiner", "difference.of": ({ words }) => `Unterschied × 2: ${words}; Grau ist keiner`,
  certainty: "Wo sie sich unterscheiden", "certainty.over": "Wo sich die Kandidaten unterscheiden", "certainty.alike": "gleich", "certainty.different": "verschieden", "certainty.most": ({ scale }) => `${scale} von 255`, "certainty.legend": ({ scale }) => `Blau: Die Kandidaten sind gleich. Gelb: Sie unterscheiden sich${scale ? `, um ${scale} von 255 Stufen oder mehr` : ""}.`,
  zoom: "Vergrößerung", "zoom.in": "Größer", "zoom.out": "Kleiner", "zoom.fit": "Einpassen", "split.handle": "Wo sich die Hälften treffen", "blink.hand": "Das andere zeigen",
  "walk.open": "Wandern: was es noch sein könnte", "steer.open": "Malen, was sich ändern darf", like: "Wie dieser", "like.little": "etwas anders", "like.lot": "ganz anders", "path.to": "Zu einem anderen wandern", "path.go": "Wandern",

  // Wandern.
  "screen.walk": "Wandern", "screen.path": "Weg", "screen.steer": "Malen", "screen.tree": "Baum der Antworten", "screen.agree": "Worin sie übereinstimmen",
  "walk.title": ({ n }) => `Was ${n} noch sein könnte`, "walk.note": "Jedes Bild auf dem Weg ergibt verkleinert Ihres. Ziehen Sie an einem Regler.", "walk.opening": "Sucht nach Richtungen …", "walk.failed": "Von hier wurde kein Weg gefunden.", "walk.picture": "Das Bild an dieser Stelle", "walk.settling": "rechnet nach …",
  "where.top.left": "oben links", "where.top.middle": "oben", "where.top.right": "oben rechts", "where.middle.left": "links", "where.middle.middle": "Mitte", "where.middle.right": "rechts", "where.bottom.left": "unten links", "where.bottom.middle": "unten", "where.bottom.right": "unten rechts",
  direction: ({ n }) => `Richtung ${n}`, "direction.at": ({ at }) => `${at} %`, "direction.end": ({ n, side }) => `Richtung ${n}, ${side < 0 ? "das eine" : "das andere"} Ende`,
  "path.title": ({ from, to }) => `Von ${from} nach ${to}`, "path.note": "Jedes Bild auf dem Weg ergibt verkleinert Ihres.", "path.slider": ({ from, to }) => `Zwischen den Kandidaten ${from} und ${to}`, "path.at": ({ at }) => `${at} % des Weges`,

  // Lenken.
  "steer.title": ({ n }) => `Von ${n} aus weitersuchen`, "steer.how": "Was bemalt ist …", "steer.vary": "darf sich ändern", "steer.keep": "bleibt", "steer.paint": "Noch ist nichts bemalt.", "steer.all": "Alles ist bemalt: Lassen Sie etwas aus.", "steer.share": ({ share }) => `${share} % des Bildes sind bemalt.`,
  "steer.example": "Ein Bild hierher ziehen, dem es ähneln soll (oder eines wählen)", "steer.example.alt": ({ name }) => `Das Beispiel, ${name}`, "steer.example.drop": "Ohne das Beispiel", "steer.pull": "Wo es zieht", "steer.pull.everywhere": "überall", "steer.pull.painted": "wo bemalt", "steer.amount": "Wie weit von diesem", "steer.search": "Weitersuchen",
  "paint.area": "Bild zum Bemalen: Pfeiltasten bewegen den Pinsel, die Leertaste malt", "paint.tools": "Werkzeuge", "paint.hint": "Malen Sie auf das Bild", "tool.brush": "Pinsel", "tool.eraser": "Radierer", "tool.lasso": "Lasso", "tool.fill": "Füllen", "tool.invert": "Umkehren", "tool.clear": "Leeren", "tool.undo": "Strich zurücknehmen", "tool.redo": "Strich wiederholen", "tool.size": "Größe", "tool.soft": "Weicher Rand", "tool.colour": "Farbe des Auftrags", "colour.blue": "blau", "colour.yellow": "gelb", "colour.red": "rot",

  // Der Baum der Antworten, worin sie übereinstimmen, der Verlauf.
  "tree.none": "Der Baum wächst, wenn die Suche fertig ist.", "tree.root": ({ views, many }) => `${many} Kandidaten, als ${gezaehlt(views, "Ansicht", "Ansichten")}, die sich am meisten unterscheiden. Öffnen Sie eine, um feinere zu sehen.`, "tree.here": ({ views, many }) => `${gezaehlt(views, "feinere Ansicht", "feinere Ansichten")} von ${many} Kandidaten`, "tree.up": "Hinauf", "tree.open": ({ n, many }) => `Die Ansicht von Kandidat ${n} öffnen: ${many} Kandidaten`, "tree.inside": ({ n }) => `${n} ähnliche`,
  "agree.none": "Das weiß man, wenn die Suche fertig ist.", "agree.note": "Links das Mittel aller Kandidaten, daneben, wo sie sich unterscheiden. Was hier gewiss aussieht, ist es nur für diesen Generator.", "agree.share": ({ share }) => `Von den Einzelheiten, die Ihr Bild nicht enthält, stimmen sie bei ${share} % überein.`,
  "history.kept": ({ n }) => `, ${n} behalten`, "history.hide": "Den Verlauf verbergen", "history.rename": "Name und Notiz", "history.remove": "Entfernen", "history.compare": "vergleichen", "history.compare.both": "Die beiden vergleichen", "history.compare.other": "Wählen Sie etwas zum Vergleichen.", "compare.title": "Nebeneinander",

  // Mitnehmen.
  "carry.imagined": "Jedes Bild, das von hier fortgeht, sagt in seinen Metadaten, dass es erdacht wurde.", "carry.picture": ({ n }) => `Kandidat ${n}`, "carry.picture.note": "das Bild, mit seiner Herkunft", "carry.starred": "behalten", "carry.report": "Bericht", "carry.report.note": ({ name }) => `${name}, auf einer Seite zum Verschicken`, "carry.session": "Die ganze Sitzung", "carry.session.note": "eine Datei; pulse open öffnet sie überall, und eine Seite ohne Server auch", "carry.command": "Dasselbe auf der Kommandozeile", "carry.python": "Dasselbe in Python",

  // Tasten und Einstellungen.
  "keys.everywhere": "Überall", "keys.gallery": "Galerie", "keys.candidate": "Ein Kandidat", "keys.walk": "Wandern", "keys.steer": "Malen", "keys.single": "Einzelne Buchstaben sind Tasten",
  "key.help": "dies hier", "key.new": "neues Bild", "key.history": "Verlauf zeigen oder verbergen", "key.carry": "mitnehmen", "key.undo": "rückgängig", "key.redo": "wiederholen", "key.back": "zurück", "key.move": "bewegen", "key.open": "öffnen", "key.star": "behalten", "key.rate": "benoten", "key.unrate": "keine Note", "key.more": "8 weitere", "key.stop": "anhalten", "key.tree": "Baum der Antworten",
  "key.other": "voriger, nächster", "key.zoom": "Vergrößerung", "key.fit": "einpassen", "key.pan": "Bild verschieben", "key.split": "geteilt", "key.beside": "daneben", "key.blink": "blinken", "key.difference": "Unterschied", "key.alone": "allein", "key.certainty": "wo sie sich unterscheiden", "key.walk": "wandern", "key.paint": "malen", "key.like": "wie dieser",
  "key.direction": "andere Richtung", "key.along": "entlang", "key.play": "abspielen", "key.brush": "Pinsel", "key.eraser": "Radierer (oder Alt halten)", "key.lasso": "Lasso", "key.fill": "füllen", "key.invert": "umkehren", "key.size": "Größe des Pinsels", "key.cursor": "Pinsel bewegen", "key.dab": "hier malen", "key.undo.stroke": "Strich zurücknehmen", "key.search": "weitersuchen",
  theme: "Farben", "theme.auto": "wie das System", "theme.light": "hell", "theme.dark": "dunkel", language: "Sprache", end: "Das Programm beenden",
};
