// The words of the page in English. What depends on figures is a function of them.
const counted = (n, one, several) => `${n} ${n === 1 ? one : several}`;

export default {
  // The frame of the page.
  home: "PULSE, to the start", trail: "Where you are", skip: "Skip to the content", help: "Keys and settings", history: "History", carry: "Carry away",
  undo: "Undo", redo: "Redo", close: "Close", dismiss: "Dismiss", back: "Back", cancel: "Cancel", save: "Save", name: "Name", note: "Note", copy: "Copy", copied: "Copied",
  loading: "Loading …", progress: "Progress", new: "New picture", download: "Download this picture", play: "Play", pause: "Pause",
  lost: "The program does not answer. This page goes on by itself when it is back.",
  ended: "The program was ended. What was found is in the session's folder: pulse open goes on.",
  shut: "This page has to be opened by the address that the program printed: it carries the key.",
  alone: "Everything is computed in this page: no picture leaves this machine.", "alone.kept": "This browser keeps the session until you forget it here.",
  "alone.not.kept": "This browser keeps nothing of the session: carry away what you want to keep.", "alone.loading": "The program is being loaded …",
  "alone.fetching": ({ name, share }) => `The generator ${name} is being loaded: ${Math.round(100 * share)} %`, "alone.forget": "Forget this session",
  "alone.forget.sure": "Forget all pictures and searches that this browser has kept of this page?",
  "alone.lost": "The program in this page has stopped. Load the page again.",
  broken: "This page has a fault.", again: "Open it again",
  "undo.done": ({ what }) => `Undone: ${what}`, "redo.done": ({ what }) => `Done again: ${what}`, "undo.done.nothing": "There is nothing to undo", "redo.done.nothing": "There is nothing to do again",
  "undo.search": "search (it stays in the history)", "undo.mark": "star or rating", "undo.edit": "name or note",
  "gone.picture": "This picture is not there any more.", "gone.node": "This is not there any more.", "gone.candidate": "This candidate is not there any more.",

  // Start.
  "start.title": "What could your small picture have been?", "start.drop": "Drop a small picture here", "start.choose": "or click to choose one, or paste it",
  "start.reading": "Reading …", "start.example": "Try this one", "start.example.note": "a face of 16 × 16 pixels", "start.given": "Pictures of this session", "drop.here": "Drop it",
  "start.session": "A session that was carried away (.pulse) opens here, too", "session.opened": ({ name }) => `${name} is open`,
  "session.sure": "Open it in the place of the session that is here? This browser forgets that one: carry it away first to keep it.",
  "session.elsewhere": ({ name }) => `${name}: a session is opened from the command line, with pulse open ${name}`,
  "upload.large": ({ name, most }) => `${name}: it is too large; at most ${most} MiB are taken`, "upload.several": ({ n }) => `${n} pictures were taken; this is the first`,

  // Before the search.
  given: "The given picture", original: "The original", generator: "Generator", "prepare.original": "Kept to compare with",
  "prepare.size": ({ width, height }) => `${width} × ${height} pixels`,
  "prepare.faces": ({ n }) => `${counted(n, "face was", "faces were")} found. Click ${n === 1 ? "it" : "one"} to take it.`,
  "prepare.large": ({ width, side }) => `It is ${width} pixels wide, and the generator makes ${side}: crop it, or pixelate it for a demonstration.`,
  "prepare.search": ({ n }) => (n === 1 ? "Find a picture it could have been" : `Find ${n} pictures it could have been`),
  "prepare.anyway": "Search for it as it is", "prepare.options": "More choices", "prepare.count": "How many", "prepare.spread": "As different from each other as possible", "prepare.sigma": "Noise in the picture, in steps of 1/255", "prepare.searched": "Searched already",
  crop: "Crop", "crop.drag": "Drag over the part that you want.", "crop.do": "Cut out", "crop.size": ({ width, height }) => `${width} × ${height} pixels`, "crop.keys": "Part to cut out: arrow keys move it, with shift they change its size",
  pixelate: "Pixelate, to demonstrate", "face.take": ({ n }) => `Take face ${n}`, "blocks.take": ({ block }) => `Take the part with blocks of ${block} pixels`,
  chain: "What made it small", "chain.automatic": "Recognised by the program: blocks if there are any, otherwise an ordinary shrink.", "chain.say": "Say it myself", "chain.add": "Add a stage", "chain.back": "Recognise it for me",
  "chain.stage": ({ n }) => `Stage ${n}`, "chain.earlier": "Move earlier", "chain.remove": ({ what }) => `Remove: ${what}`, "chain.preview": "What it makes of a picture", "chain.sharp": "A sharp picture",
  "chain.sigma": "Width, in pixels", "chain.length": "Length, in pixels", "chain.angle": "Angle, in degrees", "chain.radius": "Radius, in pixels", "chain.channels": "Colours",
  "stage.bicubic": "Shrink, as cameras do", "stage.area": "Shrink, as censors pixelate", "stage.lanczos3": "Shrink, Lanczos", "stage.nearest": "Shrink, every n-th pixel", "stage.gaussian": "Blur", "stage.motion": "Motion blur", "stage.disk": "Out of focus", "stage.gray": "No colours", "stage.channels": "Some colours only",

  // A node and its candidates.
  title: ({ name }) => `What ${name} could have been`, "given.caption": ({ width, height }) => `Yours, ${width} × ${height}`, candidates: "Candidates", candidate: ({ n }) => `Candidate ${n}`, count: ({ n }) => counted(n, "candidate", "candidates"),
  "kind.search": "Search", "kind.keep": ({ from }) => `Part of ${from} kept`, "kind.vary": ({ from }) => `Part of ${from} anew`, "kind.like": ({ from }) => `Like ${from}`, "kind.toward": "Towards an example", "kind.again": "Again", "kind.opened": "Opened run",
  "state.queued": "waiting", "state.preparing": "preparing", "state.searching": "searching", "state.judging": "judging", "state.finished": "finished", "state.stopped": "stopped", "state.failed": "failed",
  "state.queued.long": "Waiting for its turn …", "state.preparing.long": "Preparing …", "state.searching.long": "Searching: these are on their way …", "state.judging.long": "Judging what was found …",
  "found.failed": ({ why }) => `It failed: ${why}`,
  found: ({ all, finished, matched, worst, isStopped }) => {
    const rest = isStopped ? " It was stopped before it was finished." : "";
    if (all === 0 || finished === 0) return `Nothing was finished.${rest}`;
    if (matched === 0) return `${finished === 1 ? "It does not shrink" : `None of these ${finished} shrinks`} to your picture closely enough.${rest}`;
    const who = matched === all ? (all === 1 ? "It shrinks" : `These ${all} all shrink`) : `${matched} of these ${all} ${matched === 1 ? "shrinks" : "shrink"}`;
    return `${who} to your picture, to within ${worst} dB.${rest}`;
  },
  "subject.faces": "faces", left: ({ seconds }) => `about ${seconds} s left`, stop: "Stop", more: ({ n }) => `${n} more`, "go-on": "Go on",
  "spread.on": "As different as possible", "spread.off": "Not pushed apart", tabs: "Views", "tab.gallery": "Gallery", "tab.tree": "Tree of answers", "tab.agree": "What they agree on",
  tools: "How candidates are shown", sort: "Sort by", filter: "Show", size: "Size of pictures", "size.small": "S", "size.medium": "M", "size.large": "L",
  "filter.all": "all", "filter.matched": "those that match", "filter.good": "known", "filter.fair": "stretched", "filter.bad": "unknown", "filter.star": "kept or rated", "filter.none": "No candidate is of this kind.",
  sorted: ({ by }) => `Sorted by ${by}`, shown: ({ n, of }) => `${n} of ${of} shown`,
  "score.number": "number", "score.verdict": "verdict", "score.db": "consistency", "score.rating": "your rating", "score.plausibility": "departure from the usual", "score.sharpness": "sharpness (NIQE)", "score.distinctness": "distinctness", "score.discriminator": "discriminator", "score.bent": "how far it was bent", "score.distance": "distance", "score.error": "error to the original, of 255",
  db: ({ db }) => `${db} dB`,
  "verdict.searching": "searching", "verdict.stopped": "stopped", "verdict.missed": "does not match", "verdict.none": "matches", "verdict.good": "known: like the model’s own pictures", "verdict.fair": "stretched: the model had to be", "verdict.bad": "unknown: no picture that this model knows",
  "verdict.short.good": "known", "verdict.short.fair": "stretched", "verdict.short.bad": "unknown",
  keep: "Keep", starred: "kept", "star.label": ({ n }) => `Keep candidate ${n}`, rate: "Rating", rated: ({ n }) => `rated ${n} of 5`, "rating.short": ({ n }) => `${n}/5`,

  // One candidate.
  previous: "Previous candidate", next: "Next candidate", ways: "How to look", "way.alone": "Alone", "way.beside": "Beside", "way.split": "Split", "way.blink": "Blink", "way.difference": "Difference",
  against: "against", "against.given": "yours", "against.bicubic": "yours, enlarged smoothly", "against.small": "what it shrinks to", "against.candidate": "another candidate", "against.mean": "the mean", "against.other": "Which candidate",
  "difference.small": "Difference from yours × 20: grey is none", "difference.of": ({ words }) => `Difference × 2: ${words}; grey is none`,
  certainty: "Where they differ", "certainty.over": "Where the candidates differ", "certainty.alike": "alike", "certainty.different": "different", "certainty.most": ({ scale }) => `${scale} of 255`, "certainty.legend": ({ scale }) => `Blue: the candidates are alike. Yellow: they differ${scale ? `, by ${scale} of 255 levels or more` : ""}.`,
  zoom: "Zoom", "zoom.in": "Larger", "zoom.out": "Smaller", "zoom.fit": "Fit", "split.handle": "Where the two halves meet", "blink.hand": "Show the other",
  "walk.open": "Walk: what else it could be", "steer.open": "Paint what may change", like: "Like this one", "like.little": "a little different", "like.lot": "very different", "path.to": "Walk to another", "path.go": "Walk",

  // Walking.
  "screen.walk": "Walk", "screen.path": "Path", "screen.steer": "Paint", "screen.tree": "Tree of answers", "screen.agree": "What they agree on",
  "walk.title": ({ n }) => `What else ${n} could be`, "walk.note": "Every picture on the way shrinks to yours. Drag a slider.", "walk.opening": "Looking for its directions …", "walk.failed": "No way was found from here.", "walk.picture": "The picture here", "walk.settling": "settling …",
  "where.top.left": "top left", "where.top.middle": "top", "where.top.right": "top right", "where.middle.left": "left", "where.middle.middle": "middle", "where.middle.right": "right", "where.bottom.left": "bottom left", "where.bottom.middle": "bottom", "where.bottom.right": "bottom right",
  direction: ({ n }) => `Direction ${n}`, "direction.at": ({ at }) => `${at} %`, "direction.end": ({ n, side }) => `Direction ${n}, ${side < 0 ? "one" : "other"} end`,
  "path.title": ({ from, to }) => `From ${from} to ${to}`, "path.note": "Every picture on the way shrinks to yours.", "path.slider": ({ from, to }) => `Between candidates ${from} and ${to}`, "path.at": ({ at }) => `${at} % of the way`,

  // Steering.
  "steer.title": ({ n }) => `Search again from ${n}`, "steer.how": "What is painted …", "steer.vary": "may change", "steer.keep": "stays", "steer.paint": "Nothing is painted yet.", "steer.all": "Everything is painted: leave something out.", "steer.share": ({ share }) => `${share} % of the picture is painted.`,
  "steer.example": "Drop a picture here that it should resemble (or choose one)", "steer.example.alt": ({ name }) => `The example, ${name}`, "steer.example.drop": "Without the example", "steer.pull": "Where it draws", "steer.pull.everywhere": "everywhere", "steer.pull.painted": "where painted", "steer.amount": "How far from this one", "steer.search": "Search again",
  "paint.area": "Picture to paint on: arrow keys move the brush, space paints", "paint.tools": "Tools", "paint.hint": "Paint on the picture", "tool.brush": "Brush", "tool.eraser": "Eraser", "tool.lasso": "Lasso", "tool.fill": "Fill", "tool.invert": "Invert", "tool.clear": "Clear", "tool.undo": "Take the stroke back", "tool.redo": "Stroke again", "tool.size": "Size", "tool.soft": "Soft edge", "tool.colour": "Colour of the paint", "colour.blue": "blue", "colour.yellow": "yellow", "colour.red": "red",

  // The tree of answers, what they agree on, the history.
  "tree.none": "The tree grows when the search is done.", "tree.root": ({ views, many }) => `${many} candidates, as ${counted(views, "view", "views")} that differ most. Open one to see finer ones.`, "tree.here": ({ views, many }) => `${counted(views, "finer view", "finer views")} of ${many} candidates`, "tree.up": "Up", "tree.open": ({ n, many }) => `Open the view of candidate ${n}: ${many} candidates`, "tree.inside": ({ n }) => `${n} like it`,
  "agree.none": "This is known when the search is done.", "agree.note": "Left, the mean of all candidates; beside it, where they differ. What looks certain here is certain for this generator only.", "agree.share": ({ share }) => `Of the detail that your picture does not hold, they agree on ${share} %.`,
  "history.kept": ({ n }) => `, ${n} kept`, "history.hide": "Hide the history", "history.rename": "Name and note", "history.remove": "Remove", "history.compare": "compare", "history.compare.both": "Compare the two", "history.compare.other": "Choose another to compare with.", "compare.title": "Side by side",

  // Carrying away.
  "carry.imagined": "Every picture that leaves here says in its metadata that it was imagined.", "carry.picture": ({ n }) => `Candidate ${n}`, "carry.picture.note": "the picture, with where it comes from", "carry.starred": "kept", "carry.report": "Report", "carry.report.note": ({ name }) => `${name}, on one page to send`, "carry.session": "The whole session", "carry.session.note": "one file; pulse open opens it anywhere, and so does a page without a server", "carry.command": "The same from the command line", "carry.python": "The same from Python",

  // Keys and settings.
  "keys.everywhere": "Everywhere", "keys.gallery": "Gallery", "keys.candidate": "One candidate", "keys.walk": "Walk", "keys.steer": "Paint", "keys.single": "Single letters are keys",
  "key.help": "this", "key.new": "new picture", "key.history": "show or hide the history", "key.carry": "carry away", "key.undo": "undo", "key.redo": "redo", "key.back": "back", "key.move": "move", "key.open": "open", "key.star": "keep", "key.rate": "rate", "key.unrate": "no rating", "key.more": "8 more", "key.stop": "stop", "key.tree": "tree of answers",
  "key.other": "previous, next", "key.zoom": "zoom", "key.fit": "fit", "key.pan": "move the picture", "key.split": "split", "key.beside": "beside", "key.blink": "blink", "key.difference": "difference", "key.alone": "alone", "key.certainty": "where they differ", "key.walk": "walk", "key.paint": "paint", "key.like": "like this one",
  "key.direction": "another direction", "key.along": "along it", "key.play": "play", "key.brush": "brush", "key.eraser": "eraser (or hold Alt)", "key.lasso": "lasso", "key.fill": "fill", "key.invert": "invert", "key.size": "size of the brush", "key.cursor": "move the brush", "key.dab": "paint here", "key.undo.stroke": "take a stroke back", "key.search": "search again",
  theme: "Colours", "theme.auto": "as the system", "theme.light": "light", "theme.dark": "dark", language: "Language", end: "End the program",
};
